import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeToken, parsePosition, requestEventId } from '@nova/events';
import type { ConditionSchema } from '@nova/proto/gen/events/event_pb';
import { PublishEventRequestSchema as RequestSchema } from '@nova/proto/gen/events/events_service_pb';
import { create, type JsonObject, type MessageInitShape, toBinary } from '@nova/proto/runtime';
import { RpcError } from '@nova/rpc';
import type { TestDatabase } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

/** A request as far as these specs fill it in. */
interface Request {
  eventType?: string;
  aggregateId?: string;
  aggregateType?: string;
  payload?: JsonObject;
  eventId?: string;
  requestId?: string;
  occurredAt?: { seconds: bigint; nanos?: number };
  correlationId?: string;
  causationId?: string;
  metadata?: Record<string, string>;
  condition?: MessageInitShape<typeof ConditionSchema>;
}

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

const SENDER = '11111111-2222-4333-8444-555555555555';

function message(changes: Partial<Request> = {}): Request {
  return {
    eventType: 'message_created',
    aggregateId: randomUUID(),
    payload: { message_id: randomUUID(), sender_id: SENDER, content: 'hello' },
    ...changes,
  };
}

/** Everything that a call could have left behind. */
async function stored(): Promise<string> {
  const [row] = await data.database.query<{ head: bigint; requests: bigint; heads: bigint }>(
    `SELECT (SELECT last_position FROM outbox_log) AS head,
            (SELECT count(*) FROM outbox_requests) AS requests,
            (SELECT count(*) FROM outbox_aggregates) AS heads`,
  );
  return `${row?.head} ${row?.requests} ${row?.heads}`;
}

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`the call did not fail with an RpcError: ${String(thrown)}`);
}

describe('PublishEvent', () => {
  it('answers with the stored event, its place and a token', async () => {
    const request = message({ metadata: { app: 'spec' }, causationId: 'cause-1' });
    const first = await served.events.publishEvent(request);
    const second = await served.events.publishEvent({ ...request, eventType: 'message.sent' });
    expect(first).toMatchObject({
      replayed: false,
      alias: '',
      event: {
        eventType: 'message_created',
        aggregateType: 'conversation',
        aggregateVersion: 1n,
        typeSequence: 1n,
        source: '/nova/dev',
        metadata: { app: 'spec' },
        causationId: 'cause-1',
        topic: 'nova_events_message_created',
        payload: request.payload,
        previous: {},
      },
    });
    expect(second).toMatchObject({
      alias: 'message.sent',
      event: { aggregateVersion: 2n, typeSequence: 2n, previous: { message_created: 1n } },
    });
    const position = parsePosition(second.event?.position ?? '');
    expect(decodeToken(second.consistencyToken)).toEqual([
      {
        aggregateType: 'conversation',
        aggregateId: request.aggregateId,
        ...position,
        versions: { message_created: 2n },
      },
    ]);
    const read = await served.events.getEvent({ eventId: second.event?.eventId ?? '' });
    expect(read.event).toEqual(second.event);
  });

  it('names the calling service as the source', async () => {
    const { events } = served.as({
      'x-nova-service': 'messaging-service',
      'x-nova-roles': 'writer',
    });
    const { event } = await events.publishEvent(message());
    expect(event?.source).toBe('/nova/messaging-service');
  });

  it('derives an aggregate id that follows from the payload', async () => {
    const [user_id, friend_id] = [randomUUID(), randomUUID()];
    const payload = { user_id, friend_id };
    const { event } = await served.events.publishEvent({ eventType: 'friend_added', payload });
    const given = { eventType: 'friend_added', payload, aggregateId: event?.aggregateId ?? '' };
    expect((await served.events.publishEvent(given)).event?.aggregateVersion).toBe(2n);
    const wrong = await failureOf(
      served.events.publishEvent({ ...given, aggregateId: randomUUID() }),
    );
    expect(wrong.violations.map(({ field }) => field)).toEqual(['aggregate_id']);
  });

  it('stores empty text and control characters as they are', async () => {
    for (const content of ['', '\u0007\u001b[31m\u007f\r\n\t', '\u{1f600}\ufffd']) {
      const { event } = await served.events.publishEvent(
        message({ payload: { message_id: randomUUID(), sender_id: SENDER, content } }),
      );
      const read = await served.events.getEvent({ eventId: event?.eventId ?? '' });
      expect(read.event?.payload?.['content']).toBe(content);
    }
  });
});

describe('a request id', () => {
  it('gives the same answer again, whatever happened since', async () => {
    const request = message({ requestId: randomUUID() });
    const first = await served.events.publishEvent(request);
    await served.events.publishEvent(message({ aggregateId: request.aggregateId ?? '' }));
    const before = await stored();
    const again = await served.events.publishEvent(request);
    expect(again).toEqual({ ...first, replayed: true });
    expect(first.event?.eventId).toBe(
      requestEventId('dev', 'events.EventsService/PublishEvent', request.requestId ?? '', 0),
    );
    expect(await stored()).toBe(before);
  });

  it('is refused for another request', async () => {
    const request = message({ requestId: randomUUID() });
    await served.events.publishEvent(request);
    const before = await stored();
    const failed = await failureOf(
      served.events.publishEvent({ ...request, metadata: { other: '1' } }),
    );
    expect(failed).toMatchObject({ status: 'ALREADY_EXISTS', reason: 'REQUEST_ID_REUSED' });
    expect(failed.violations[0]?.field).toBe('request_id');
    expect(await stored()).toBe(before);
  });

  it('belongs to its principal', async () => {
    const request = message({ requestId: randomUUID() });
    const { events } = served.as({ 'x-user-id': SENDER, 'x-nova-roles': 'writer' });
    const [mine, theirs] = await Promise.all([
      served.events.publishEvent(request),
      events.publishEvent(request),
    ]);
    expect(mine.event?.eventId).not.toBe(theirs.event?.eventId);
  });

  it('stores one event when 50 callers send it at once', async () => {
    const request = message({ requestId: randomUUID() });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => served.events.publishEvent(request)),
    );
    expect(new Set(answers.map(({ event }) => event?.position)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const { events } = await served.events.getEventsByAggregate({
      aggregateId: request.aggregateId ?? '',
    });
    expect(events).toHaveLength(1);
  });

  it('does not lose its event when its answer has been purged', async () => {
    const request = message({ requestId: randomUUID() });
    const first = await served.events.publishEvent(request);
    await data.database.query('DELETE FROM outbox_requests');
    const again = await served.events.publishEvent(request);
    expect(again.replayed).toBe(true);
    expect(again.event).toEqual(first.event);
  });
});

describe('an event id', () => {
  it('names its event for ever: same content is answered, before the condition', async () => {
    const request = message({ eventId: randomUUID() });
    const first = await served.events.publishEvent(request);
    const must = { case: 'notExist', value: true } as const;
    const again = await served.events.publishEvent({
      ...request,
      condition: { must },
      metadata: { sent: 'again' },
      occurredAt: { seconds: 1_600_000_000n, nanos: 0 },
    });
    expect(again.replayed).toBe(true);
    expect(again.event).toEqual(first.event);
  });

  it('is refused for other content', async () => {
    const request = message({ eventId: randomUUID() });
    await served.events.publishEvent(request);
    const before = await stored();
    const failed = await failureOf(
      served.events.publishEvent({ ...request, aggregateId: randomUUID() }),
    );
    expect(failed).toMatchObject({ status: 'ALREADY_EXISTS', reason: 'EVENT_ID_REUSED' });
    expect(failed.violations.map(({ field }) => field)).toEqual(['event_id']);
    expect(await stored()).toBe(before);
  });
});

describe('a condition', () => {
  it('that fails is ABORTED with the current version, and nothing is stored', async () => {
    const request = message();
    await served.events.publishEvent(request);
    const before = await stored();
    const failed = await failureOf(
      served.events.publishEvent({
        ...request,
        requestId: randomUUID(),
        condition: { must: { case: 'version', value: 0n } },
      }),
    );
    expect(failed).toMatchObject({
      status: 'ABORTED',
      reason: 'CONDITION_FAILED',
      metadata: { current_version: '1', aggregate_id: request.aggregateId },
    });
    expect(failed.violations.map(({ field }) => field)).toEqual(['condition']);
    expect(await stored()).toBe(before);
  });

  it('lets one of 20 exclusive publishers through', async () => {
    const aggregateId = randomUUID();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        served.events.publishEvent({
          ...message({ aggregateId }),
          condition: { must: { case: 'notExist', value: true } },
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('bad input', () => {
  const payload = (changes: Record<string, unknown>): Partial<Request> => ({
    // Shapes that the type of a payload forbids are what is tried here.
    payload: {
      message_id: randomUUID(),
      sender_id: SENDER,
      content: 'x',
      ...changes,
    } as JsonObject,
  });
  const nested = (levels: number): unknown => (levels === 0 ? 'x' : { n: nested(levels - 1) });

  it.each<[string, Partial<Request>, string, string]>([
    ['an unknown type', { eventType: 'mesage_created' }, 'event_type', 'EVENT_TYPE_UNKNOWN'],
    ['no type', { eventType: '' }, 'event_type', 'EVENT_INVALID'],
    ['a type that is a path', { eventType: '../x' }, 'event_type', 'EVENT_TYPE_UNKNOWN'],
    ['a nil id', { aggregateId: '00000000-0000-0000-0000-000000000000' }, 'aggregate_id', ''],
    ['an id in upper case', { aggregateId: randomUUID().toUpperCase() }, 'aggregate_id', ''],
    ['an id in braces', { aggregateId: `{${randomUUID()}}` }, 'aggregate_id', ''],
    ['no id', { aggregateId: '' }, 'aggregate_id', ''],
    ['another aggregate type', { aggregateType: 'user' }, 'aggregate_type', ''],
    ['a missing field', { payload: { sender_id: SENDER, content: '' } }, 'payload.message_id', ''],
    ['no payload', { payload: {} }, 'payload.content', ''],
    ['an unknown field', payload({ colour: 'red' }), 'payload.colour', ''],
    ['a value outside the set', payload({ message_type: 'song' }), 'payload.message_type', ''],
    ['NUL', payload({ content: 'a\0b' }), 'payload.content', ''],
    ['a number where text belongs', payload({ content: 1 }), 'payload.content', ''],
    ['an integer beyond 2^53', payload({ content: 2 ** 53 + 2 }), 'payload.content', ''],
    ['NaN', payload({ content: Number.NaN }), 'payload.content', ''],
    ['Infinity', payload({ content: Number.POSITIVE_INFINITY }), 'payload.content', ''],
    ['a payload of 257 KiB', payload({ content: 'x'.repeat(263_000) }), 'payload', ''],
    ['an event id that is none', { eventId: 'x' }, 'event_id', ''],
    ['a request id that is none', { requestId: 'x' }, 'request_id', ''],
    [
      'a time 6 minutes ahead',
      {
        // Read by each call: the table is made long before its last row is run.
        get occurredAt() {
          return { seconds: BigInt(Math.floor(Date.now() / 1000) + 360), nanos: 0 };
        },
      },
      'occurred_at',
      '',
    ],
    ['a year above 9999', { occurredAt: { seconds: 253_402_300_800n } }, 'occurred_at', ''],
    ['negative nanos', { occurredAt: { seconds: 1n, nanos: -5 } }, 'occurred_at', ''],
    ['a time before 1970', { occurredAt: { seconds: -1n, nanos: 0 } }, 'occurred_at', ''],
    ['NUL in metadata', { metadata: { k: '\0' } }, 'metadata["k"]', ''],
    ['a correlation id with CR', { correlationId: 'a\rb' }, 'correlation_id', ''],
    ['a condition that says nothing', { condition: {} }, 'condition', ''],
  ])(
    '%s is INVALID_ARGUMENT with its path, and nothing is stored',
    async (_, changes, field, reason) => {
      const before = await stored();
      const failed = await failureOf(served.events.publishEvent(message(changes)));
      expect(failed.status).toBe('INVALID_ARGUMENT');
      expect(failed.violations.map((violation) => violation.field)).toContain(field);
      expect(failed.reason).toBe(reason === '' ? 'EVENT_INVALID' : reason);
      expect(await stored()).toBe(before);
    },
  );

  it('nested above 32 levels is INVALID_ARGUMENT below the field', async () => {
    const before = await stored();
    for (const levels of [33, 45]) {
      const failed = await failureOf(
        served.events.publishEvent(message(payload({ content: nested(levels) }))),
      );
      expect(failed.status).toBe('INVALID_ARGUMENT');
      expect(failed.violations[0]?.field).toMatch(/^payload/);
    }
    const undecodable = await failureOf(
      served.events.publishEvent(message(payload({ content: nested(60) }))),
    );
    expect(undecodable.status).toBe('INVALID_ARGUMENT');
    expect(await stored()).toBe(before);
  });

  it('names the nearest type', async () => {
    const failed = await failureOf(
      served.events.publishEvent(message({ eventType: 'mesage_created' })),
    );
    expect(failed.violations[0]?.description).toContain('message_created');
  });

  it('as bytes that are no UTF-8 or half a surrogate is INVALID_ARGUMENT', async () => {
    const before = await stored();
    const marker = 'MARKER';
    const good = Buffer.from(
      toBinary(RequestSchema, create(RequestSchema, message(payload({ content: marker })))),
    );
    const at = good.indexOf(marker);
    // Six bytes for six: lengths stay right. U+D800 as CESU-8, a stray byte, an overlong slash.
    for (const bytes of [
      [0xed, 0xa0, 0x80, 0xed, 0xa0, 0x80],
      [0xff, 0x41, 0x41, 0x41, 0x41, 0x41],
      [0xc0, 0xaf, 0x41, 0x41, 0x41, 0x41],
    ]) {
      const bad = Buffer.from(good);
      bad.set(bytes, at);
      const { status } = await served.raw('events.EventsService/PublishEvent', bad);
      expect(status).toBe(3);
    }
    expect((await served.raw('events.EventsService/PublishEvent', good)).status).toBe(0);
    expect(await stored()).not.toBe(before);
  });

  it('as a value of a Struct that says nothing is INVALID_ARGUMENT', async () => {
    const before = await stored();
    const bare = Buffer.from(
      toBinary(RequestSchema, create(RequestSchema, message({ payload: {} }))),
    );
    // Field 4: a Struct with the entry "content", whose Value has no kind.
    const entry = Buffer.concat([
      Buffer.from([0x0a, 7]),
      Buffer.from('content'),
      Buffer.from([0x12, 0]),
    ]);
    const struct = Buffer.concat([Buffer.from([0x0a, entry.length]), entry]);
    const bad = Buffer.concat([bare, Buffer.from([0x22, struct.length]), struct]);
    expect((await served.raw('events.EventsService/PublishEvent', bad)).status).toBe(3);
    expect(await stored()).toBe(before);
  });

  it('as cut or random bytes is INVALID_ARGUMENT, never INTERNAL', async () => {
    const good = toBinary(RequestSchema, create(RequestSchema, message()));
    const before = await stored();
    for (const cut of [1, 5, 20, good.length - 1]) {
      const answer = await served.raw('events.EventsService/PublishEvent', good.subarray(0, cut));
      expect(answer.status).toBe(3);
    }
    expect(await stored()).toBe(before);
  });
});

describe('roles', () => {
  it('let writers publish and readers read, and nobody else', async () => {
    const reader = served.as({ 'x-user-id': SENDER, 'x-nova-roles': 'reader' });
    const writer = served.as({ 'x-user-id': SENDER, 'x-nova-roles': 'writer' });
    const before = await stored();
    for (const call of [
      reader.events.publishEvent(message()),
      reader.events.publishEvents({ events: [message()] }),
      writer.events.getEvent({ eventId: randomUUID() }),
      writer.events.getOutboxStatus({}),
      writer.log.append({}),
      reader.log.getLog({}),
    ]) {
      expect((await failureOf(call)).status).toBe('PERMISSION_DENIED');
    }
    expect(await stored()).toBe(before);
  });
});
