import { describe, expect, it } from '@jest/globals';
import { rollingRestarts } from './rolling-restarts.ts';

describe('fifty rolling restarts under load', () => {
  it('fail no call that is repeated, store each once, and lose no event of a subscriber', async () => {
    const report = await rollingRestarts(50);
    process.stdout.write(`${JSON.stringify(report)}\n`);
    expect(report).toMatchObject({ restarts: 50, failed: [], notOnce: [], subscriberWrong: 0 });
    expect(report.longestStopMs).toBeLessThan(15_000);
  }, 3_600_000);
});
