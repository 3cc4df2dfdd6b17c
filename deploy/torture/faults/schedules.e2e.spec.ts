import { describe, expect, it } from '@jest/globals';
import { runSchedules } from './schedules.ts';

const SECOND_MS = 1000;
const SCHEDULES = 4;

describe('faults that follow from a seed, while clients publish', () => {
  it(
    'lose, double, invent and reorder nothing, and views come to be like the log: 4 schedules',
    async () => {
      // Of one set of servers. Each breaks what clients need, so that hardly ever one is void and the
      // next seed follows for it.
      const rows = await runSchedules({
        schedules: SCHEDULES,
        seed: 12,
        lastsMs: 30 * SECOND_MS,
        mostBad: 1,
        told: () => {},
      });
      expect(rows.flatMap(({ against }) => against ?? [])).toEqual([]);
      expect(rows.filter((row) => !row.void)).toHaveLength(SCHEDULES);
      expect(rows.every(({ acked }) => acked > 0)).toBe(true);
    },
    900 * SECOND_MS,
  );
});
