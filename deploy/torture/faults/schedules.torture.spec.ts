import { describe, expect, it } from '@jest/globals';
import { runSchedules } from './schedules.ts';

const HOUR_MS = 3_600_000;

describe('faults that follow from a seed, while clients publish', () => {
  it(
    'lose, double, invent and reorder nothing, and views come to be like the log',
    async () => {
      const rows = await runSchedules({
        schedules: 10,
        seed: 1,
        lastsMs: 30_000,
        told: (row) => process.stdout.write(`${JSON.stringify(row)}\n`),
      });
      expect(rows.flatMap(({ against }) => against ?? [])).toEqual([]);
      expect(rows.filter((row) => row.void).map(({ seed }) => seed)).toEqual([]);
    },
    12 * HOUR_MS,
  );
});
