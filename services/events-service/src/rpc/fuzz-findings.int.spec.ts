import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RpcError } from '@nova/rpc';
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

describe('what the fuzzer found to be called an internal error', () => {
  const name = 'a\0b';
  it.each([
    ['GetSubscription', () => served.events.getSubscription({ name })],
    ['DeleteSubscription', () => served.events.deleteSubscription({ name })],
    ['ListSubscriptionParked', () => served.events.listSubscriptionParked({ subscription: name })],
    ['GetEventSchema', () => served.events.getEventSchema({ eventType: name })],
    [
      'DeprecateEventSchema',
      () => served.events.deprecateEventSchema({ eventType: name, reason: 'old' }),
    ],
  ])('%s with NUL in a name is INVALID_ARGUMENT', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });

  it('a replay that is asked for while its subscription is deleted', async () => {
    const { events } = served;
    const payload = { user_id: randomUUID() };
    const eventType = 'member_added';
    await events.publishEvent({ eventType, aggregateId: randomUUID(), payload });
    const answers: unknown[] = [];
    for (let round = 0; round < 20; round += 1) {
      const subscription = `s-${randomUUID()}`;
      await events.createSubscription({ name: subscription });
      const asked = Array.from({ length: 4 }, () =>
        events.replayEvents({ subscription, reason: 'r' }).then(
          () => 'kept',
          (thrown: unknown) => (thrown instanceof RpcError ? thrown.reason : thrown),
        ),
      );
      await events.deleteSubscription({ name: subscription });
      answers.push(...(await Promise.all(asked)));
    }
    const may = new Set<unknown>(['kept', 'SUBSCRIPTION_UNKNOWN']);
    expect(answers.filter((answer) => !may.has(answer))).toEqual([]);
  }, 60_000);
});
