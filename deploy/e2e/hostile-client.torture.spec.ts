import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { besideHostileClient } from './hostile-client.ts';

describe('a caller who calls ten times as often as it may', () => {
  it('does not double the p99 of another one, and fails none of its calls', async () => {
    const { times } = torturePart({ times: 7 });
    const report = await besideHostileClient(times);
    tellTorture('hostile client', report);
    expect(report.failed).toBe(0);
    // Refused as it should be, not reset, and not by the want of processor.
    expect(report.hostile.others).toEqual({});
    expect(report.hostile.sent).toBeGreaterThan(report.hostile.due / 2);
    expect(report.hostile.refused).toBeGreaterThan(report.hostile.ok);
    expect(report.p99Beside).toBeLessThan(2 * report.p99Alone);
  }, 3_600_000);
});
