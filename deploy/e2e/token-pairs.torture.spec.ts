import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { tokenPairs } from './token-pairs.ts';

describe('ten thousand reads, each with the token of its write', () => {
  it('show their writes, over three services that lag', async () => {
    const { times } = torturePart({ times: 10_000 });
    const report = await tokenPairs(times);
    tellTorture('reads with the token of their write', report);
    expect(report).toMatchObject({
      stale: { messaging: 0, notification: 0, search: 0 },
      concerned: 'VIEW_BEHIND',
      blocked: 'VIEW_BLOCKED',
    });
    // Who waits, waits until the deadline of ten seconds.
    expect(report.unconcernedMs).toBeLessThan(5_000);
    expect(report.blockedMs).toBeLessThan(5_000);
    for (const stale of Object.values(report.staleWithout)) expect(stale).toBeGreaterThan(0);
  }, 1_800_000);
});
