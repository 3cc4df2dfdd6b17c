import { describe, expect, it } from '@jest/globals';
import { tellTorture } from '@nova/testkit';
import { runSchedules } from './schedules.ts';

const MINUTE_MS = 60_000;
/** Relays that took each other's lanes; effects refused for their times; records refused for theirs. */
const FOUND = [108, 139, 148, 155, 160, 167, 188, 224, 280];

describe('seeds that once found something', () => {
  it.each(FOUND)(
    '%i finds nothing any more',
    async (seed) => {
      const told = (row: object) => tellTorture('schedule', row);
      const [row] = await runSchedules({ seeds: [seed], lastsMs: 30_000, mostBad: 1, told });
      expect(row?.against).toBeUndefined();
      expect(row?.acked).toBeGreaterThan(0);
    },
    10 * MINUTE_MS,
  );
});
