import { describe, expect, it } from '@jest/globals';
import { laneOf, partitionOf, recordHeaders, type StoredEvent, topicOf } from '@nova/events';
import {
  type ReadLogRequestSchema,
  type ReadLogResponse,
  ReadLogResponseSchema,
} from '@nova/proto/gen/events/event_log_pb';
import { create, type MessageInitShape } from '@nova/proto/runtime';
import { RpcError, type RpcStatus } from '@nova/rpc';
import { eventFilter } from './event-filter.ts';
import { type Reading, readEvents } from './read-events.ts';

const USERS = ['3f2b8c6d-1a4e-4f7b-9c5d-8e6f7a0b1c2d', '0b9c2f64-5a57-4a53-9d7e-6f4a8e0d2c11'];
const position = (n: number) => `00000000000000aa-${String(n).padStart(19, '0')}`;

function logged(n: number): StoredEvent {
  const aggregateId = USERS[n % 2] ?? '';
  return {
    position: { epoch: '00000000000000aa', position: BigInt(n) },
    eventId: `7d5a3c1e-9b8f-4e2d-a6c4-${String(n).padStart(12, '0')}`,
    eventType: 'user_updated',
    schemaVersion: 1,
    aggregateType: 'user',
    aggregateId,
    aggregateVersion: 1n,
    typeSequence: 1n,
    previous: {},
    lane: laneOf(aggregateId),
    payload: new TextEncoder().encode('{"username":"petra"}'),
    source: '/nova/dev',
    occurredAt: '2024-03-09T21:02:00.000000Z',
    storedAt: '2024-03-09T21:02:00.000000Z',
    annotations: {},
  };
}

function asRecord(event: StoredEvent) {
  return {
    topic: topicOf(event.eventType),
    partition: partitionOf(event.aggregateId, 8),
    key: event.aggregateId,
    value: Uint8Array.from(event.payload),
    headers: recordHeaders(event),
  };
}

const chunk = (...numbers: number[]) =>
  create(ReadLogResponseSchema, {
    events: numbers.map((n) => asRecord(logged(n))),
    scanned: position(numbers.at(-1) ?? 0),
  });

const lost = (status: RpcStatus, reason = '') =>
  new RpcError('the connection is gone', {
    status,
    reason,
    violations: [],
    metadata: {},
    retryAfterMs: undefined,
    method: 'events.EventLog/ReadLog',
    correlationId: undefined,
  });

type Step = ReadLogResponse | RpcError;

/** Streams that give what is written for them, one after the other. */
function serverThat(...streams: readonly (readonly Step[])[]) {
  const requests: MessageInitShape<typeof ReadLogRequestSchema>[] = [];
  const client: Reading['client'] = {
    async *readLog(request) {
      const steps = streams[requests.length] ?? [];
      requests.push(request);
      for (const step of steps) {
        if (step instanceof RpcError) throw step;
        yield step;
      }
    },
  };
  return { client, requests };
}

async function read(
  server: ReturnType<typeof serverThat>,
  count: number,
  given: Partial<Reading> = {},
): Promise<{ numbers: number[]; losses: string[] }> {
  const losses: string[] = [];
  const numbers: number[] = [];
  const reading: Reading = {
    client: server.client,
    filter: eventFilter([], undefined),
    from: undefined,
    follow: true,
    signal: new AbortController().signal,
    onLost: ({ status }) => losses.push(status),
    ...given,
  };
  for await (const event of readEvents(reading)) {
    numbers.push(Number(event.position.position));
    if (numbers.length === count) break;
  }
  return { numbers, losses };
}

describe('readEvents', () => {
  it('goes on after the last scanned position when the connection is lost', async () => {
    const server = serverThat(
      [chunk(1, 2), lost('UNAVAILABLE')],
      [lost('UNAVAILABLE')],
      [lost('INTERNAL')],
      [chunk(3)],
      [chunk(4)],
    );
    const { numbers, losses } = await read(server, 4);
    expect(numbers).toEqual([1, 2, 3, 4]);
    expect(losses).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'INTERNAL']);
    expect(server.requests.map(({ from }) => from)).toEqual([
      '',
      position(2),
      position(2),
      position(2),
      position(3),
    ]);
  });

  it('goes on after what was scanned, also where nothing matched', async () => {
    const empty = create(ReadLogResponseSchema, { scanned: position(900) });
    const server = serverThat([empty, lost('UNAVAILABLE')], [chunk(901)]);
    await read(server, 1);
    expect(server.requests[1]?.from).toBe(position(900));
  });

  it('fails at once when nobody answers at the beginning, or the server refuses', async () => {
    await expect(read(serverThat([lost('UNAVAILABLE')]), 1)).rejects.toThrow('connection is gone');
    const refuses = serverThat([chunk(1), lost('FAILED_PRECONDITION', 'POSITION_LOST')]);
    await expect(read(refuses, 2)).rejects.toMatchObject({ reason: 'POSITION_LOST' });
    const bug = serverThat([chunk(1), lost('INTERNAL', 'INTERNAL_BUG')]);
    await expect(read(bug, 2)).rejects.toMatchObject({ reason: 'INTERNAL_BUG' });
  });

  it('ends at the end of the log when it does not follow, and when it is told to stop', async () => {
    const server = serverThat([chunk(1), chunk(2)]);
    expect((await read(server, 9, { follow: false })).numbers).toEqual([1, 2]);
    const stopped = AbortSignal.abort();
    expect((await read(serverThat([chunk(1)]), 9, { signal: stopped })).numbers).toEqual([]);
  });

  it('asks for the lane of an aggregate and shows only its events', async () => {
    const server = serverThat([chunk(1, 2, 3, 4)]);
    const filter = eventFilter(['user.updated'], USERS[0]);
    const { numbers } = await read(server, 9, { filter, follow: false });
    expect(numbers).toEqual([2, 4]);
    expect(server.requests[0]).toMatchObject({
      eventTypes: ['user_updated'],
      lanes: [laneOf(USERS[0] ?? '')],
    });
  });
});

describe('eventFilter', () => {
  it('resolves aliases, leaves other types to the service, and names the nearest for what is none', () => {
    expect(eventFilter(['message.sent', 'message_created'], undefined).eventTypes).toEqual([
      'message_created',
    ]);
    expect(eventFilter(['order_placed'], undefined).eventTypes).toEqual(['order_placed']);
    expect(() => eventFilter(['message-creatd'], undefined)).toThrow(
      'did you mean message_created',
    );
    expect(() => eventFilter([], 'NOT-A-UUID')).toThrow('--aggregate must be a UUID');
  });
});
