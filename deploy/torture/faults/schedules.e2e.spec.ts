import { describe, expect, it } from '@jest/globals';
import { runSchedules } from './schedules.ts';
import { SEEDS_OF_NORMAL_RUN } from './seeds.ts';

const SECOND_MS = 1000;

describe('faults that follow from a seed, while clients publish', () => {
  it(
    'lose, double, invent and reorder nothing, and views come to be like the log: 4 schedules',
    async () => {
      // Each breaks what clients need, so that hardly ever one is void and another one follows for it.
      const rows = await runSchedules({
        seeds: SEEDS_OF_NORMAL_RUN,
        lastsMs: 30 * SECOND_MS,
        mostBad: 1,
        told: () => {},
      });
      expect(rows.flatMap(({ against }) => against ?? [])).toEqual([]);
      expect(rows.filter((row) => !row.void)).toHaveLength(SEEDS_OF_NORMAL_RUN.length);
      expect(rows.every(({ acked }) => acked > 0)).toBe(true);
    },
    900 * SECOND_MS,
  );
});
