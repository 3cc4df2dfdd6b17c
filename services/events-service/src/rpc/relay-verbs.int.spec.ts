import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RepublishState } from '@nova/proto/gen/events/events_service_pb';
import { RpcError } from '@nova/rpc';
import type { TestDatabase } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

const SENDER = '11111111-2222-4333-8444-555555555555';
const aggregates = Array.from({ length: 5 }, () => randomUUID());
let data: TestDatabase;
let served: ServedLog;
let positions: readonly string[];

beforeAll(async () => {
  data = await logDatabase();
  served = await serveLog(data.url);
  await served.events.publishEvents({
    events: [...aggregates, ...aggregates].map((aggregateId) => ({
      eventType: 'message_created',
      aggregateId,
      payload: { message_id: randomUUID(), sender_id: SENDER, content: 'hello' },
    })),
  });
  const { events } = await served.events.getEventsByType({ eventType: 'message_created' });
  positions = events.map(({ position }) => position);
}, 60_000);
afterAll(async () => {
  await served.stop();
  await data.drop();
});

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`the call did not fail with an RpcError: ${String(thrown)}`);
}

const fieldsOf = async (call: Promise<unknown>) =>
  (await failureOf(call)).violations.map(({ field }) => field);

/** As the relay writes it. */
const park = (aggregateId: string, position: number) =>
  data.database.query(
    `INSERT INTO outbox_parked (aggregate_type, aggregate_id, lane, position, aggregate_version,
       event_id, event_type, error_code, reason, attempts, first_failed_at, next_attempt_at)
     SELECT aggregate_type, aggregate_id, lane, position, aggregate_version, event_id, event_type,
            'NOVA_KAFKA_RECORD_REFUSED', 'too large', 3, clock_timestamp() - interval '1 hour',
            clock_timestamp() + interval '1 hour'
     FROM outbox_events WHERE aggregate_id = $1 AND position = $2`,
    [aggregateId, position],
  );

describe('what the relay has parked', () => {
  it('is listed in pages, counted in the status, and tried at once when asked for', async () => {
    await park(aggregates[0] ?? '', 1);
    await park(aggregates[2] ?? '', 8);
    const first = await served.events.listRelayParked({ pageSize: 1 });
    expect(first.aggregates).toMatchObject([
      { aggregateId: aggregates[0], aggregateVersion: 1n, waitingEvents: 2n, attempts: 3 },
    ]);
    expect(first.aggregates[0]?.position).toBe(positions[0]);
    const second = await served.events.listRelayParked({
      pageSize: 1,
      pageToken: first.nextPageToken,
    });
    expect(second.aggregates).toMatchObject([
      { aggregateId: aggregates[2], aggregateVersion: 2n, waitingEvents: 1n },
    ]);
    const status = await served.events.getOutboxStatus({});
    expect(status).toMatchObject({ parkedAggregates: 2n, parkedEvents: 3n });
    expect(status.parkedSince).toBeDefined();
    const aggregate = { aggregateType: 'conversation', aggregateId: aggregates[0] ?? '' };
    expect(await served.events.retryRelayParked(aggregate)).toMatchObject({ retried: 1n });
    const due = await data.database.query(
      'SELECT FROM outbox_parked WHERE next_attempt_at <= clock_timestamp()',
    );
    expect(due).toHaveLength(1);
    expect(await served.events.retryRelayParked({})).toMatchObject({ retried: 2n });
    const unknown = { ...aggregate, aggregateId: randomUUID() };
    expect(await served.events.retryRelayParked(unknown)).toMatchObject({ retried: 0n });
  });

  it('is tried again for nobody without a name, nor for those who are no admins', async () => {
    const half = served.events.retryRelayParked({ aggregateType: 'conversation' });
    expect(await fieldsOf(half)).toEqual(['aggregate_id']);
    const writer = served.as({ 'x-user-id': SENDER, 'x-nova-roles': 'writer' }).events;
    for (const call of [
      writer.listRelayParked({}),
      writer.retryRelayParked({}),
      writer.startRepublish({}),
      writer.listRepublishes({}),
      writer.cancelRepublish({ id: randomUUID() }),
    ]) {
      expect(await failureOf(call)).toMatchObject({ status: 'PERMISSION_DENIED' });
    }
  });
});

describe('StartRepublish', () => {
  it('counts what would be sent, and stores nothing, in a dry run', async () => {
    const asked = { fromPosition: positions[3] ?? '', eventTypes: ['message_created'] };
    const told = await served.events.startRepublish({ ...asked, dryRun: true });
    expect(told.events).toEqual({ message_created: 7n });
    expect(told.republish).toMatchObject({ id: '', events: 7n, toPosition: positions[9] });
    expect((await served.events.listRepublishes({})).republishes).toEqual([]);
  });

  it('begins at the first event that was stored at a time or later', async () => {
    const [first] = await data.database.query<{ seconds: bigint }>(
      'SELECT extract(epoch FROM min(stored_at))::bigint - 1 AS seconds FROM outbox_events',
    );
    const fromTime = { seconds: first?.seconds ?? 0n, nanos: 0 };
    const told = await served.events.startRepublish({ fromTime, dryRun: true });
    expect(told.republish).toMatchObject({ events: 10n, fromPosition: positions[0] });
  });

  it('is recorded with who and why, listed, and cancelled once', async () => {
    const admin = served.as({ 'x-user-id': SENDER, 'x-nova-roles': 'admin' }).events;
    const { republish } = await admin.startRepublish({ reason: 'disk lost', eventsPerSecond: 5 });
    const id = republish?.id ?? '';
    expect(republish).toMatchObject({
      state: RepublishState.RUNNING,
      requestedBy: SENDER,
      reason: 'disk lost',
      eventsPerSecond: 5,
      events: 10n,
      sent: 0n,
    });
    expect((await admin.listRepublishes({ id })).republishes).toMatchObject([{ id }]);
    for (let time = 0; time < 2; time += 1) {
      const cancelled = await admin.cancelRepublish({ id });
      expect(cancelled.republish).toMatchObject({ id, state: RepublishState.CANCELLED });
    }
    const unknown = admin.cancelRepublish({ id: randomUUID() });
    expect(await failureOf(unknown)).toMatchObject({ status: 'NOT_FOUND' });
  });

  it('names every field that is wrong', async () => {
    const [from = '', to = ''] = [positions[5], positions[2]];
    expect(
      await fieldsOf(served.events.startRepublish({ fromPosition: from, toPosition: to })),
    ).toEqual(['from_position']);
    const wrong = served.events.startRepublish({
      fromPosition: 'x',
      toPosition: `${'0'.repeat(16)}-0000000000000000001`,
      eventTypes: ['no_such_type'],
      eventsPerSecond: -1,
      reason: 'x'.repeat(300),
    });
    expect((await fieldsOf(wrong)).sort()).toEqual([
      'event_types[0]',
      'events_per_second',
      'from_position',
      'reason',
      'to_position',
    ]);
    expect(await fieldsOf(served.events.cancelRepublish({ id: 'x' }))).toEqual(['id']);
    expect(await fieldsOf(served.events.listRepublishes({ id: 'x' }))).toEqual(['id']);
  });
});
