import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { simulate } from './simulate.ts';

const HOUR_MS = 3_600_000;

describe('the simulation of relays and consumers', () => {
  it(
    'has nothing against ten thousand seeds',
    async () => {
      const { times, seed: first } = torturePart({ times: 10_000, seed: 1000 });
      let duplicates = 0;
      for (let seed = first; seed < first + times; seed += 1) {
        const { offences, verdict } = await simulate(seed);
        if (!verdict.ok || offences.length > 0) {
          expect({ seed, offences, verdict }).toBe('all well');
        }
        duplicates += verdict.duplicates;
      }
      tellTorture('simulation', { seeds: times, from: first, duplicates });
    },
    HOUR_MS,
  );
});
