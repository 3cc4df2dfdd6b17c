import { describe, expect, it } from '@jest/globals';
import { tokenPairs } from './token-pairs.ts';

describe('a read with the token of a write, over three services that lag', () => {
  it('shows the write, waits for nothing else, and says at once when it never will', async () => {
    const { staleWithout, unconcernedMs, blockedMs, ...report } = await tokenPairs(60);
    expect(report).toEqual({
      pairs: 60,
      stale: { messaging: 0, notification: 0, search: 0 },
      concerned: 'VIEW_BEHIND',
      blocked: 'VIEW_BLOCKED',
    });
    // There was something to wait for.
    for (const stale of Object.values(staleWithout)) expect(stale).toBeGreaterThan(0);
    expect(unconcernedMs).toBeLessThan(900);
    expect(blockedMs).toBeLessThan(2_000);
  }, 240_000);
});
