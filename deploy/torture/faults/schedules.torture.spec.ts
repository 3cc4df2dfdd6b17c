import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { runSchedules } from './schedules.ts';
import { seedsFrom } from './seeds.ts';

const HOUR_MS = 3_600_000;
/** The next ones are worth their time: what one seed finds need not be all there is. */
const MOST_BAD = 5;

describe('faults that follow from a seed, while clients publish', () => {
  it(
    'lose, double, invent and reorder nothing, and views come to be like the log',
    async () => {
      const { times, seed } = torturePart({ times: 200, seed: 101 });
      const told = (row: object) => tellTorture('schedule', row);
      const rows = await runSchedules({
        seeds: seedsFrom(seed, times),
        lastsMs: 30_000,
        mostBad: MOST_BAD,
        told,
      });
      expect(rows.flatMap(({ against }) => against ?? [])).toEqual([]);
    },
    24 * HOUR_MS,
  );
});
