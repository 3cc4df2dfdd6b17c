import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { rollingRestarts } from './rolling-restarts.ts';

describe('fifty rolling restarts under load', () => {
  it('fail no call that is repeated, store each once, and lose no event of a subscriber', async () => {
    const { times: restarts } = torturePart({ times: 50 });
    const report = await rollingRestarts(restarts);
    tellTorture('rolling restarts', report);
    expect(report).toMatchObject({ restarts, failed: [], notOnce: [], subscriberWrong: 0 });
    expect(report.longestStopMs).toBeLessThan(15_000);
  }, 3_600_000);
});
