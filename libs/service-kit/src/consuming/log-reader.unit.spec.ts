import { describe, expect, it } from '@jest/globals';
import {
  formatPosition,
  partitionOf,
  recordHeaders,
  type StoredEvent,
  topicOf,
} from '@nova/events';
import {
  EventLog,
  ReadAggregatesResponseSchema,
  ReadLogResponseSchema,
} from '@nova/proto/gen/events/event_log_pb';
import { create } from '@nova/proto/runtime';
import { createClient } from '@nova/rpc';
import { type LogReads, logReaderOver } from './log-reader.ts';

const event: StoredEvent = {
  position: { epoch: 'e1', position: 7n },
  eventId: '019a8e00-0000-7000-8000-000000000001',
  eventType: 'member_added',
  schemaVersion: 1,
  aggregateType: 'conversation',
  aggregateId: '550e8400-e29b-41d4-a716-446655440000',
  aggregateVersion: 2n,
  typeSequence: 1n,
  previous: { message_created: 1n },
  lane: partitionOf('550e8400-e29b-41d4-a716-446655440000', 64),
  payload: new TextEncoder().encode('{}'),
  source: '/nova/spec',
  occurredAt: '2026-11-21T10:00:00.000000Z',
  storedAt: '2026-11-21T10:00:00.000001Z',
  annotations: {},
};
const record = {
  topic: topicOf(event.eventType),
  partition: partitionOf(event.aggregateId, 8),
  key: event.aggregateId,
  value: event.payload,
  headers: recordHeaders(event),
};

/** Nobody listens here. */
const away = createClient(EventLog, { address: '127.0.0.1:9', deadlineMs: 300 });

const range = {
  from: event.position,
  lanes: [event.lane],
  eventTypes: [event.eventType],
  headersOnly: false,
};

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe('a log reader over gRPC', () => {
  it('gives events as they are in the log, and how far was scanned', async () => {
    const asked: unknown[] = [];
    const client: LogReads = {
      ...away,
      async *readLog(request) {
        asked.push(request);
        const scanned = formatPosition(event.position);
        yield create(ReadLogResponseSchema, { events: [record], scanned });
      },
    };
    const read = await all(logReaderOver(client, 'localhost:1').readLog(range));
    expect(read).toEqual([{ events: [event], scanned: event.position }]);
    expect(asked).toEqual([{ ...range, from: formatPosition(event.position) }]);
  });

  it('asks for at most 1,000 aggregates a call', async () => {
    const sizes: number[] = [];
    const client: LogReads = {
      ...away,
      async *readAggregates(request) {
        sizes.push(request.aggregates?.length ?? 0);
        yield create(ReadAggregatesResponseSchema, { events: [record] });
      },
    };
    const ranges = Array.from({ length: 2001 }, () => ({
      ...event,
      afterVersion: 0n,
      eventTypes: [],
    }));
    const read = await all(logReaderOver(client, 'localhost:1').readAggregates(ranges, 500));
    expect(sizes).toEqual([1000, 1000, 1]);
    expect(read.flat()).toEqual([event, event, event]);
  });

  it('fails as an outage that passes while events-service is away', async () => {
    const reader = logReaderOver(away, 'localhost:1');
    const failure = { code: 'NOVA_SERVICE_LOG_UNAVAILABLE', kind: { retry: 'backoff' } };
    await expect(reader.getLog()).rejects.toMatchObject(failure);
    await expect(all(reader.readLog(range))).rejects.toMatchObject(failure);
  });
});
