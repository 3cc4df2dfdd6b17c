import { describe, expect, it } from '@jest/globals';
import { laneOf } from '@nova/events';
import { EventSchema } from '@nova/proto/gen/events/event_pb';
import {
  GetOutboxStatusResponseSchema,
  ListRelayParkedResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import { DeliveryCondition, DeliveryStateSchema } from '@nova/proto/gen/ops/ops_service_pb';
import { create, type MessageInitShape } from '@nova/proto/runtime';
import { Output } from '../output.ts';
import { deliveryOf, type TracedDelivery, traceDelivery } from './delivery.ts';
import { judge, type RelayClient, type TracedRecord, whatHolds } from './find-record.ts';
import { printTrace } from './print-trace.ts';
import { eventOf } from './trace.ts';

const AGGREGATE = '550e8400-e29b-41d4-a716-446655440000';
const at = (seconds: number, millis = 0) => ({
  seconds: BigInt(1_700_000_000 + seconds),
  nanos: millis * 1e6,
});
const event = create(EventSchema, {
  eventId: '0190b6f4-3c1e-7d2a-9b8f-4e2da6c40f1e',
  eventType: 'message_created',
  aggregateType: 'conversation',
  aggregateId: AGGREGATE,
  aggregateVersion: 7n,
  typeSequence: 3n,
  position: 'abc-0000000000000000040',
  source: '/nova/dev',
  occurredAt: at(0),
  storedAt: at(0),
  topic: 'nova_events_message_created',
  partition: 7,
});

function delivery(
  condition: DeliveryCondition,
  fields: MessageInitShape<typeof DeliveryStateSchema> = {},
): TracedDelivery {
  const state = create(DeliveryStateSchema, { condition, generation: 2, ...fields });
  return { service: 'messaging', consumer: 'views', ...deliveryOf(state, event) };
}

function printed(consumers: readonly TracedDelivery[], kafka: Partial<TracedRecord> = {}): string {
  const lines: string[] = [];
  const out = new Output({
    format: 'table',
    stdout: { write: (text) => lines.push(text) },
    stderr: { write: () => true },
    colour: false,
    nowMs: () => 0,
  });
  const record = { topic: 'nova_events_message_created', partition: 7 };
  const traced = { ...record, state: 'waiting' as const, ...kafka };
  printTrace({ event: eventOf(event), kafka: traced, consumers }, out);
  return lines.join('');
}

describe('what a consumer made of an event', () => {
  it('says when it was applied, and how long after it was stored', () => {
    const applied = delivery(DeliveryCondition.APPLIED, {
      appliedVersion: 7n,
      appliedAt: at(0, 12),
    });
    expect(printed([applied])).toMatch(
      /^messaging\/views {2}applied {2}2023-11-14T22:13:20\.012000Z \(12 ms later\)$/m,
    );
  });

  it('gives an upper bound where only the time of a later version is known', () => {
    const later = delivery(DeliveryCondition.APPLIED, { appliedVersion: 9n, appliedAt: at(60) });
    expect(printed([later])).toMatch(/applied +by 2023-11-14T22:14:20\.000000Z +with version 9$/m);
  });

  it('says that it was filled from the log, if this event was', () => {
    const filled = { appliedVersion: 9n, appliedAt: at(1), filledAt: at(1), filledFrom: 6n };
    expect(delivery(DeliveryCondition.APPLIED, { ...filled, filledTo: 7n })).toHaveProperty(
      'filled_at',
    );
    expect(delivery(DeliveryCondition.APPLIED, { ...filled, filledTo: 6n })).not.toHaveProperty(
      'filled_at',
    );
  });

  it('says why it is parked and where the delivery waits', () => {
    const parked = delivery(DeliveryCondition.PARKED, {
      appliedVersion: 6n,
      attempts: 4,
      failedAt: at(11),
      reason: 'NOVA_X: broken',
      topic: 'nova_events_message_created',
      partition: 7,
      offset: 0n,
    });
    expect(parked).toMatchObject({ state: 'parked', attempts: 4, offset: 0n });
    expect(printed([parked])).toMatch(
      /parked +failed at \S+ +4 attempts; waits with nova_events_message_created, partition 7, offset 0; NOVA_X: broken$/m,
    );
  });

  it('is not asked of a consumer without its type, nor of one that does not run', async () => {
    const registered = {
      name: 'counting/views',
      service: 'counting',
      consumer: 'views',
      generation: 1,
      eventTypes: ['member_added'],
      lastSeenAt: '2023-11-14T22:13:20.000000Z',
      addresses: [],
      lastAddress: 'elsewhere:50052',
    };
    expect(await traceDelivery(registered, event)).toMatchObject({ state: 'not_subscribed' });
    const subscribed = { ...registered, eventTypes: ['message_created'] };
    expect(await traceDelivery(subscribed, event)).toMatchObject({
      state: 'not_running',
      reason: 'last seen at elsewhere:50052',
    });
  });

  it('is unreachable where its processes do not answer, which fails nothing', async () => {
    const told = await traceDelivery(
      {
        name: 'messaging/views',
        service: 'messaging',
        consumer: 'views',
        generation: 1,
        eventTypes: ['message_created'],
        lastSeenAt: '2023-11-14T22:13:20.000000Z',
        addresses: ['127.0.0.1:1'],
        lastAddress: '127.0.0.1:1',
      },
      event,
    );
    expect(told).toMatchObject({
      state: 'unreachable',
      reason: expect.stringContaining('127.0.0.1:1'),
    });
    expect(printed([told])).toMatch(/unreachable +last seen 2023-11-14T22:13:20\.000000Z/);
  });
});

describe('the search for a record', () => {
  const record = (id: string, key: string, position: number) => ({
    key,
    headers: { ce_id: id, ce_novaposition: `abc-${String(position).padStart(19, '0')}` },
  });

  it('knows the record by its id, and gives up after a later one of its aggregate', () => {
    expect(judge(record(event.eventId, AGGREGATE, 40), event)).toBe('found');
    expect(judge(record('another', AGGREGATE, 39), event)).toBe('other');
    expect(judge(record('another', AGGREGATE, 41), event)).toBe('past');
    // What was parked comes after others of its lane.
    expect(judge(record('another', 'another aggregate', 41), event)).toBe('other');
    expect(judge({ key: AGGREGATE, headers: {} }, event)).toBe('other');
  });

  it('is waited for by its lane, or parked with its aggregate', async () => {
    const placeOf = (position: number) => `abc-${String(position).padStart(19, '0')}`;
    const relay = (reached: number, parkedFrom?: number): RelayClient => ({
      getOutboxStatus: () =>
        Promise.resolve(
          create(GetOutboxStatusResponseSchema, {
            lanes: [{ lane: laneOf(AGGREGATE), position: placeOf(reached) }],
            parkedAggregates: parkedFrom === undefined ? 0n : 1n,
          }),
        ),
      listRelayParked: () =>
        Promise.resolve(
          create(ListRelayParkedResponseSchema, {
            aggregates: [
              {
                aggregateType: 'conversation',
                aggregateId: AGGREGATE,
                position: placeOf(parkedFrom ?? 0),
                reason: 'too large',
              },
            ],
          }),
        ),
    });
    const placed = { ...event, position: placeOf(40) };
    expect(await whatHolds(placed, relay(39))).toEqual({ state: 'waiting' });
    expect(await whatHolds(placed, relay(40))).toBeUndefined();
    expect(await whatHolds(placed, relay(50, 41))).toBeUndefined();
    expect(await whatHolds(placed, relay(50, 38))).toEqual({
      state: 'parked',
      reason: 'too large',
    });
  });

  it('is told as not published, gone, or unknown', () => {
    expect(printed([])).toContain('partition 7: not published yet');
    expect(printed([], { state: 'parked', reason: 'too large' })).toContain('before it: too large');
    expect(printed([], { state: 'gone' })).toContain('no longer in the topic');
    expect(printed([], { state: 'unknown', reason: 'no broker' })).toContain(
      'not known: no broker',
    );
    const offset = { offset: 12n, published_at: '2023-11-14T22:13:20.004Z' };
    expect(printed([], { state: 'published', ...offset })).toContain(
      'offset 12, published at 2023-11-14T22:13:20.004Z (4 ms later)',
    );
  });
});
