import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { fuzzStack } from './fuzz-stack.ts';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;
/** Over half of the requests, some 100,000 for each service: 170 bytes a request would show. */
const FLAT_MIB = 16;

describe('a million requests of any kind', () => {
  it(
    'end no process, are no INTERNAL or UNKNOWN, and leave memory flat',
    async () => {
      const { times: requests, seed: first } = torturePart({ times: 1_000_000, seed: 20_261_121 });
      const reports = await fuzzStack({ requests, seed: first, withinMs: 4 * HOUR_MS });
      for (const { service, seed, bad, alive, sent, statuses, examples, memory } of reports) {
        tellTorture('fuzz', { service, seed, sent, statuses, examples, memory });
        expect({ service, seed, bad, alive }).toEqual({ service, seed, bad: [], alive: true });
        // The first half fills caches; from then on what is held at least may not rise.
        const [, second = 0, , last = 0] = memory;
        expect({ service, grown: last - second > FLAT_MIB * MIB, memory }).toMatchObject({
          grown: false,
        });
      }
    },
    5 * HOUR_MS,
  );
});
