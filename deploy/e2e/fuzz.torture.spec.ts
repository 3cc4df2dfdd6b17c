import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { type Fuzzed, fuzzStack } from './fuzz-stack.ts';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;
/** Over half of the requests, some 100,000 for each service: 170 bytes a request would show. */
const FLAT_MIB = 16;

/** The first half fills caches; from then on what is held at least may not rise. */
function hasGrown({ memory }: Fuzzed): boolean {
  const [, second = 0, , last = 0] = memory;
  return last - second > FLAT_MIB * MIB;
}

describe('a million requests of any kind', () => {
  it(
    'end no process, are no INTERNAL or UNKNOWN, and leave memory flat',
    async () => {
      const { times: requests, seed: first } = torturePart({ times: 1_000_000, seed: 20_261_121 });
      const reports = await fuzzStack({ requests, seed: first, withinMs: 4 * HOUR_MS });
      // All are told before one is judged: such a run is not repeated lightly.
      for (const { service, seed, sent, statuses, examples, memory } of reports)
        tellTorture('fuzz', { service, seed, sent, statuses, examples, memory });
      expect(
        reports.map(({ service, seed, bad, alive }) => ({ service, seed, bad, alive })),
      ).toEqual(reports.map(({ service, seed }) => ({ service, seed, bad: [], alive: true })));
      expect(reports.filter(hasGrown).map(({ service, memory }) => ({ service, memory }))).toEqual(
        [],
      );
    },
    5 * HOUR_MS,
  );
});
