import { describe, expect, it } from '@jest/globals';
import { rollingRestarts } from './rolling-restarts.ts';

describe('five rolling restarts under load', () => {
  it('fail no call that is repeated, store each once, and lose no event of a subscriber', async () => {
    const { answered, longestStopMs, ...report } = await rollingRestarts(5);
    expect(report).toMatchObject({ restarts: 5, failed: [], notOnce: [], subscriberWrong: 0 });
    expect(answered).toBeGreaterThan(100);
    expect(longestStopMs).toBeLessThan(15_000);
  }, 240_000);
});
