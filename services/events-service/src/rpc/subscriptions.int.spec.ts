import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parsePosition } from '@nova/events';
import {
  type CreateSubscriptionRequestSchema,
  EventReplayState,
  SubscriptionState,
  SubscriptionStrategy,
  type UpdateSubscriptionRequestSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { SpecConsumer } from './consuming.rig.spec.ts';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

type Creation = MessageInitShape<typeof CreateSubscriptionRequestSchema>;
type Change = MessageInitShape<typeof UpdateSubscriptionRequestSchema>;

// The machine may be busy with other specs.
jest.setTimeout(60_000);

const SENDER = '11111111-2222-4333-8444-555555555555';
let data: TestDatabase;
let served: ServedLog;

beforeAll(async () => {
  data = await logDatabase();
  served = await serveLog(data.url);
});
afterAll(async () => {
  await served.stop();
  await data.drop();
});

const message = (aggregateId: string, content: string) => ({
  eventType: 'message_created',
  aggregateId,
  payload: { message_id: randomUUID(), sender_id: SENDER, content },
});
const added = (aggregateId: string) => ({
  eventType: 'member_added',
  aggregateId,
  payload: { user_id: SENDER },
});
const named = () => `spec.${randomUUID()}`;
const from = { case: 'beginning' as const, value: true };

describe('subscriptions', () => {
  it('are made, found, listed, changed and deleted', async () => {
    const { events } = served;
    const name = named();
    const wanted: Creation = {
      name,
      filter: { eventTypes: ['message.sent'], aggregateTypes: ['conversation'], tenant: 'acme' },
      strategy: SubscriptionStrategy.PINNED,
      ackTimeout: { seconds: 5n, nanos: 500_000_000 },
      maxAttempts: 3,
      from,
    };
    const made = await events.createSubscription(wanted);
    expect(made).toMatchObject({
      existed: false,
      subscription: {
        name,
        filter: {
          eventTypes: ['message_created'],
          aggregateTypes: ['conversation'],
          tenant: 'acme',
        },
        strategy: SubscriptionStrategy.PINNED,
        ackTimeout: { seconds: 5n, nanos: 500_000_000 },
        maxAttempts: 3,
        state: SubscriptionState.RUNNING,
        createdBy: 'dev',
      },
    });
    expect(await events.createSubscription(wanted)).toMatchObject({ existed: true });
    for (const other of [
      { maxAttempts: 4 },
      { from: { case: 'now' as const, value: true } },
      { filter: {} },
    ]) {
      await expect(events.createSubscription({ ...wanted, ...other })).rejects.toMatchObject({
        status: 'ALREADY_EXISTS',
        reason: 'SUBSCRIPTION_EXISTS',
      });
    }
    const change = { strategy: SubscriptionStrategy.SINGLE, maxAttempts: 0 };
    await events.updateSubscription({ name, ...change, stopped: true, reason: 'holidays' });
    const { subscription } = await events.getSubscription({ name });
    expect(subscription).toMatchObject({
      ...change,
      ackTimeout: { seconds: 5n, nanos: 500_000_000 },
      state: SubscriptionState.STOPPED,
      stoppedBy: 'dev',
      stoppedReason: 'holidays',
    });
    const again = await events.updateSubscription({ name, stopped: false });
    expect(again.subscription).toMatchObject({
      state: SubscriptionState.RUNNING,
      stoppedReason: '',
    });
    await Promise.all(
      [named(), named()].map((other) => events.createSubscription({ name: other })),
    );
    const first = await events.listSubscriptions({ pageSize: 2 });
    expect(first.subscriptions[0]?.name).toBe(name);
    const second = await events.listSubscriptions({ pageSize: 2, pageToken: first.nextPageToken });
    expect(second).toMatchObject({ nextPageToken: '' });
    expect(second.subscriptions).toHaveLength(1);
    await events.deleteSubscription({ name });
    for (const call of [
      events.getSubscription,
      events.deleteSubscription,
      events.updateSubscription,
    ]) {
      await expect(call({ name })).rejects.toMatchObject({ reason: 'SUBSCRIPTION_UNKNOWN' });
    }
  });

  it('begin where they are told to', async () => {
    const { events } = served;
    const [one, other] = [randomUUID(), randomUUID()];
    await events.publishEvents({ events: [message(one, '1'), message(one, '2')] });
    const { events: stored } = await events.getEventsByAggregate({ aggregateId: one });
    const firstOf = async (start: NonNullable<Creation['from']> | undefined) => {
      const name = named();
      const filter = { aggregateIdPrefix: one };
      await events.createSubscription({ name, filter, ...(start && { from: start }) });
      return name;
    };
    const [now, after, time] = [
      await firstOf(undefined),
      await firstOf({ case: 'position', value: stored[0]?.position ?? '' }),
      await firstOf({ case: 'time', value: { seconds: 1_700_000_000n } }),
    ];
    await events.publishEvents({ events: [message(one, '3'), message(other, 'of another')] });
    for (const [name, count] of [
      [now, 1],
      [after, 2],
      [time, 3],
    ] as const) {
      const consumer = new SpecConsumer(events, name);
      await consumer.until('its events', ({ settled }) => settled.length === count);
      expect(consumer.contents()).toEqual(['1', '2', '3'].slice(-count));
      await consumer.finish();
    }
  });

  it.each([
    ['no name', {}, 'name'],
    ['a name in capitals', { name: 'Mine' }, 'name'],
    [
      'an unknown type',
      { name: 'x', filter: { eventTypes: ['message_creatd'] } },
      'filter.event_types[0]',
    ],
    ['a strategy that is none', { name: 'x', strategy: 9 }, 'strategy'],
    ['no time to acknowledge', { name: 'x', ackTimeout: { nanos: 5 } }, 'ack_timeout'],
    ['too many attempts', { name: 'x', maxAttempts: 1_001 }, 'max_attempts'],
    ['a position that is none', { name: 'x', from: { case: 'position', value: '7' } }, 'position'],
  ] as [string, Creation, string][])('with %s are INVALID_ARGUMENT', async (_, request, field) => {
    await expect(served.events.createSubscription(request)).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      violations: [{ field }],
    });
  });

  it('are stopped with a reason only', async () => {
    const change: Change = { name: 'x', stopped: true };
    await expect(served.events.updateSubscription(change)).rejects.toMatchObject({
      violations: [{ field: 'reason' }],
    });
  });

  it('are made by admins and consumed by readers', async () => {
    const reader = served.as({ 'x-nova-roles': 'reader', 'x-user-id': SENDER }).events;
    const name = named();
    const denied = { status: 'PERMISSION_DENIED' };
    await expect(reader.createSubscription({ name })).rejects.toMatchObject(denied);
    await expect(reader.replayEvents({ subscription: name })).rejects.toMatchObject(denied);
    await served.events.createSubscription({ name });
    const consumer = await new SpecConsumer(reader, name).started();
    await consumer.finish();
    expect(consumer.failure).toBeUndefined();
    const writer = served.as({ 'x-nova-roles': 'writer', 'x-user-id': SENDER }).events;
    expect(await new SpecConsumer(writer, name).ended()).toMatchObject(denied);
  });
});

describe('ReplayEvents', () => {
  it('hands out a part of the log once more, to one subscription only', async () => {
    const { events } = served;
    const [a, b] = [randomUUID(), randomUUID()];
    const [name, other] = [named(), named()];
    const filter = { aggregateTypes: ['conversation'] };
    for (const one of [name, other]) await events.createSubscription({ name: one, filter });
    await events.publishEvents({
      events: [message(a, 'a1'), added(a), message(a, 'a2'), message(b, 'b1')],
    });
    const consumers = [name, other].map((one) => new SpecConsumer(events, one));
    const [consumer, untouched] = consumers;
    if (consumer === undefined || untouched === undefined) throw new Error('no consumers');
    for (const one of consumers) await one.until('all', ({ settled }) => settled.length === 4);
    const asked = {
      subscription: name,
      eventTypes: ['message_created'],
      aggregateId: a,
      fromTime: { seconds: 1_700_000_000n },
    };
    const dry = await events.replayEvents({ ...asked, dryRun: true });
    expect(dry).toMatchObject({ events: { message_created: 2n }, replay: { id: '', events: 2n } });
    const before = (await events.getSubscription({ name })).subscription?.position;
    // While nobody consumes it: whoever else took it up would be seen.
    await consumer.finish();
    const { replay } = await events.replayEvents({ ...asked, reason: 'a table was emptied' });
    const id = replay?.id ?? '';
    expect(replay).toMatchObject({
      subscription: name,
      state: EventReplayState.RUNNING,
      events: 2n,
    });
    await events.publishEvents({ events: [message(b, 'b2')] });
    await untouched.until('what is new', ({ settled }) => settled.length === 5);
    const again = new SpecConsumer(events, name);
    await again.until('them again', ({ settled }) => settled.length === 3);
    expect(
      again.got.filter(({ replayId }) => replayId === id).map(({ content }) => content),
    ).toEqual(['a1', 'a2']);
    expect(again.got.find(({ replayId }) => replayId === '')?.content).toBe('b2');
    expect(untouched.contents()).toEqual(expect.arrayContaining(['a1', 'a2', 'b1', 'b2']));
    expect(untouched.got).toHaveLength(5);
    const standing = (await events.getSubscription({ name })).subscription;
    expect(standing?.replays).toEqual([]);
    expect(parsePosition(standing?.position ?? '')?.position).toBeGreaterThan(
      parsePosition(before ?? '')?.position ?? 0n,
    );
    const ended = await events.cancelReplay({ id });
    expect(ended.replay).toMatchObject({ state: EventReplayState.DONE, taken: 2n });
    for (const one of [again, untouched]) await one.finish();
  });

  it('takes up a long part bit by bit, in the order of each aggregate, and can be ended', async () => {
    const { events } = served;
    const name = named();
    const prefix = randomUUID().slice(0, 8);
    const ids = Array.from({ length: 20 }, () => `${prefix}${randomUUID().slice(8)}`);
    const batch = (part: number) =>
      Array.from({ length: 150 }, (_, n) => message(ids[n % 20] ?? '', `${part}.${n}`));
    for (const part of [0, 1]) await events.publishEvents({ events: batch(part) });
    await events.createSubscription({ name, filter: { aggregateIdPrefix: prefix }, from });
    const consumer = new SpecConsumer(events, name, { credits: 500 });
    await consumer.until('all of it', ({ settled }) => settled.length === 300);
    const { replay } = await events.replayEvents({ subscription: name, reason: 'once more' });
    await consumer.until('all of it again', ({ settled }) => settled.length === 600);
    const versions = new Map<string, bigint>();
    for (const { aggregateId, version, replayId } of consumer.got.slice(300)) {
      expect(replayId).toBe(replay?.id);
      expect(version).toBe((versions.get(aggregateId) ?? 0n) + 1n);
      versions.set(aggregateId, version);
    }
    await consumer.finish();
    const idle = await events.replayEvents({ subscription: name, reason: 'by mistake' });
    const { replay: cancelled } = await events.cancelReplay({ id: idle.replay?.id ?? '' });
    expect(cancelled).toMatchObject({ state: EventReplayState.CANCELLED, taken: 0n });
    const again = await new SpecConsumer(events, name).started();
    const [id] = ids;
    await events.publishEvents({ events: [message(id ?? '', 'the end')] });
    await waitFor(() => again.settled.length === 1, { withinMs: 10_000, what: 'the end' });
    expect(again.contents()).toEqual(['the end']);
    await again.finish();
  });

  it.each<[string, object, string]>([
    ['no subscription', { reason: 'r' }, 'subscription'],
    ['no reason', { subscription: 'spec.narrow' }, 'reason'],
    [
      'a type that it is not for',
      { subscription: 'spec.narrow', reason: 'r', eventTypes: ['user_updated'] },
      'event_types',
    ],
    [
      'an unknown type',
      { subscription: 'spec.narrow', reason: 'r', eventTypes: ['nope_x'] },
      'event_types[0]',
    ],
    [
      'a position that is none',
      { subscription: 'spec.narrow', reason: 'r', fromPosition: '7' },
      'from_position',
    ],
  ])('with %s is INVALID_ARGUMENT', async (_, request, field) => {
    const filter = { eventTypes: ['message_created'] };
    await served.events.createSubscription({ name: 'spec.narrow', filter });
    await expect(served.events.replayEvents(request)).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      violations: [{ field }],
    });
  });
});
