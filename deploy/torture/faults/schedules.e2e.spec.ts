import { describe, expect, it } from '@jest/globals';
import { runSchedules } from './schedules.ts';

const SECOND_MS = 1000;

describe('faults that follow from a seed, while clients publish', () => {
  it(
    'lose, double, invent and reorder nothing, and views come to be like the log: 2 schedules',
    async () => {
      const rows = await runSchedules({
        schedules: 2,
        // Both break what clients need: neither is void.
        seed: 13,
        lastsMs: 12 * SECOND_MS,
        told: () => {},
      });
      expect(rows.flatMap(({ against }) => against ?? [])).toEqual([]);
      expect(rows.map((row) => row.void)).toEqual([false, false]);
      expect(rows.every(({ acked }) => acked > 0)).toBe(true);
    },
    400 * SECOND_MS,
  );
});
