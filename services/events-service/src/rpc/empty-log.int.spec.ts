import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

let data: TestDatabase;
let served: ServedLog;

beforeAll(async () => {
  data = await logDatabase();
  served = await serveLog(data.url);
}, 60_000);
afterAll(async () => {
  await served.stop();
  await data.drop();
});

// What is asked for is nothing, which is no mistake of whoever asks.
describe('a log without events', () => {
  it('is replayed to a subscription: nothing comes', async () => {
    await served.events.createSubscription({ name: 'spec.first', filter: {} });
    const request = { subscription: 'spec.first', reason: 'to try it' };
    const counted = await served.events.replayEvents({ ...request, dryRun: true });
    expect(counted).toMatchObject({ events: {}, replay: { events: 0n } });
    const { replay } = await served.events.replayEvents(request);
    expect(replay).toMatchObject({ events: 0n });
    const yesterday = { seconds: BigInt(Math.floor(Date.now() / 1000) - 86_400) };
    const since = { ...request, fromTime: yesterday, dryRun: true };
    expect(await served.events.replayEvents(since)).toMatchObject({ events: {} });
  });

  it('is sent again: nothing is', async () => {
    const counted = await served.events.startRepublish({ dryRun: true });
    expect(counted).toMatchObject({ events: {}, republish: { events: 0n } });
    const { republish } = await served.events.startRepublish({ reason: 'to try it' });
    expect(republish).toMatchObject({ events: 0n });
  });
});
