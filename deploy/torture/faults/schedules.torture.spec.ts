import { describe, expect, it } from '@jest/globals';
import { runSchedules } from './schedules.ts';

const HOUR_MS = 3_600_000;

describe('faults that follow from a seed, while clients publish', () => {
  it(
    'lose, double, invent and reorder nothing, and views come to be like the log',
    async () => {
      const rows = await runSchedules({
        // Seed 16 once took longer than a minute to recover, on a machine with much else to do.
        schedules: 20,
        seed: 1,
        lastsMs: 30_000,
        told: (row) => process.stdout.write(`${JSON.stringify(row)}\n`),
      });
      expect(rows.flatMap(({ against }) => against ?? [])).toEqual([]);
    },
    12 * HOUR_MS,
  );
});
