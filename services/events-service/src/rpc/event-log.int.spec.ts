import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeRecord, decodeToken, laneOf, requestEventId, topicOf } from '@nova/events';
import type { LogEvent, ReadLogResponse } from '@nova/proto/gen/events/event_log_pb';
import { RpcError } from '@nova/rpc';
import type { TestDatabase } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

const SENDER = '11111111-2222-4333-8444-555555555555';
const METHOD = 'messaging.MessagingService/SendMessage';
let data: TestDatabase;
let served: ServedLog;
let log: ServedLog['log'];

beforeAll(async () => {
  data = await logDatabase();
  served = await serveLog(data.url);
  log = served.as({ 'x-nova-service': 'messaging-service', 'x-nova-roles': 'service' }).log;
}, 60_000);
afterAll(async () => {
  await served.stop();
  await data.drop();
});

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

function message(aggregateId: string = randomUUID(), content = 'hello') {
  return {
    eventType: 'message_created',
    aggregateId,
    payload: bytes({ message_id: randomUUID(), sender_id: SENDER, content }),
  };
}

function key(requestId: string, content = '') {
  const requestHash = createHash('sha256').update(content).digest();
  return { principal: SENDER, method: METHOD, requestId, requestHash };
}

const conversation = (aggregateId: string) => ({ aggregateType: 'conversation', aggregateId });

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

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** The event of a record, through the same checks that a consumer makes. */
function decoded(event: LogEvent) {
  const { topic, partition, value } = event;
  const headers = Object.fromEntries(
    Object.entries(event.headers).map(([name, text]) => [name, Buffer.from(text)]),
  );
  const result = decodeRecord(
    topic,
    partition,
    Buffer.from(event.key),
    Buffer.from(value),
    headers,
  );
  if (!result.ok) throw new Error(`not a record of nova: ${result.reason}`);
  return result.event;
}

describe('EventLog.Append', () => {
  it('appends for the end principal, with the service as source', async () => {
    const requestId = randomUUID();
    const [one, two] = [message(), message()];
    const answer = await log.append({
      key: key(requestId),
      events: [one, two],
      reply: Buffer.from('the reply'),
    });
    expect(answer.replayed).toBe(false);
    expect(Buffer.from(answer.reply).toString()).toBe('the reply');
    const ids = answer.results.map(({ outcome }) =>
      outcome.case === 'appended' ? outcome.value.eventId : '',
    );
    expect(ids).toEqual([0, 1].map((n) => requestEventId(SENDER, METHOD, requestId, n)));
    const { event } = await served.events.getEvent({ eventId: ids[1] ?? '' });
    expect(event).toMatchObject({ source: '/nova/messaging-service', aggregateVersion: 1n });
    const again = await log.append({
      key: key(requestId),
      events: [message()],
      reply: Buffer.from('another'),
    });
    expect(again).toEqual({ ...answer, replayed: true });
  });

  it('takes the time of a cause, however far that is ahead of its own clock', async () => {
    const occurredAt = { seconds: BigInt(Math.floor(Date.now() / 1000) + 7200), nanos: 0 };
    const event = { ...message(), eventId: randomUUID(), occurredAt };
    const { results } = await log.append({ events: [event] });
    expect(results[0]?.outcome.case).toBe('appended');
    const stored = await served.events.getEvent({ eventId: event.eventId });
    expect(stored.event?.occurredAt).toMatchObject(occurredAt);
    const malformed = { ...message(), occurredAt: { seconds: -1n, nanos: 0 } };
    expect(await fieldsOf(log.append({ events: [malformed] }))).toEqual(['events[0].occurred_at']);
  });

  it('keeps a command without events, whose token names what it was decided on', async () => {
    const aggregateId = randomUUID();
    await served.events.publishEvent({
      eventType: 'member_added',
      aggregateId,
      payload: { user_id: SENDER },
    });
    const requestId = randomUUID();
    const noneSince = { eventTypes: ['member_added'], version: 1n };
    const request = {
      key: key(requestId),
      conditions: [
        { ...conversation(aggregateId), must: { case: 'noneSince' as const, value: noneSince } },
      ],
      reply: Buffer.from('nothing to do'),
    };
    const answer = await log.append(request);
    expect(answer.results).toEqual([]);
    expect(decodeToken(answer.consistencyToken)).toMatchObject([
      { aggregateId, versions: { member_added: 1n } },
    ]);
    expect(await log.append(request)).toMatchObject({ replayed: true, reply: answer.reply });
  });

  it('answers a failed condition with the events that the caller has not seen', async () => {
    const aggregateId = randomUUID();
    await served.events.publishEvents({
      events: [
        { eventType: 'member_added', aggregateId, payload: { user_id: SENDER } },
        {
          eventType: 'message_created',
          aggregateId,
          payload: { message_id: randomUUID(), sender_id: SENDER, content: '' },
        },
        { eventType: 'member_removed', aggregateId, payload: { user_id: SENDER } },
      ],
    });
    const eventTypes = ['member_added', 'member_removed'];
    const answer = await log.append({
      key: key(randomUUID()),
      conditions: [
        {
          ...conversation(aggregateId),
          must: { case: 'noneSince', value: { eventTypes, version: 1n } },
        },
      ],
      events: [message(aggregateId)],
    });
    expect(answer.results).toEqual([]);
    expect(answer.refusals).toMatchObject([
      { index: -1, reason: 'CONDITION_FAILED', aggregateId, currentVersion: 3n },
    ]);
    expect(answer.newer.map(decoded).map(({ eventType }) => eventType)).toEqual(['member_removed']);
    expect(answer.newerHasMore).toBe(false);
  });

  it('refuses a key that was used for another request', async () => {
    const requestId = randomUUID();
    await log.append({ key: key(requestId, 'one'), events: [message()] });
    const failed = await failureOf(log.append({ key: key(requestId, 'two'), events: [message()] }));
    expect(failed).toMatchObject({ status: 'ALREADY_EXISTS', reason: 'REQUEST_ID_REUSED' });
    expect(failed.violations.map(({ field }) => field)).toEqual(['key.request_id']);
  });

  it.each([
    ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['no JSON', Buffer.from('{')],
    ['a list', Buffer.from('[]')],
    ['nothing', Buffer.alloc(0)],
    ['a repeated key', Buffer.from('{"content":"a","content":"b"}')],
    ['deep nesting', Buffer.from(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)],
  ])('refuses a payload that is %s', async (_, payload) => {
    const before = await log.getLog({});
    const event = { ...message(), payload };
    expect(await fieldsOf(log.append({ events: [event] }))).toEqual(['events[0].payload']);
    expect((await log.getLog({})).head).toBe(before.head);
  });

  it('refuses a lone surrogate, which JSON text can carry', async () => {
    const text = JSON.stringify({ message_id: randomUUID(), sender_id: SENDER, content: 'X' });
    const payload = Buffer.from(text.replace('X', '\\ud800'));
    expect(await fieldsOf(log.append({ events: [{ ...message(), payload }] }))).toEqual([
      'events[0].payload.content',
    ]);
  });

  it('refuses a key and a reply that are not as agreed', async () => {
    const bad = {
      key: { principal: '', method: 'x', requestId: '1', requestHash: Buffer.alloc(3) },
      reply: Buffer.alloc(8_193),
      events: [{ ...message(), expiresAt: { seconds: 1n } }],
    };
    expect((await fieldsOf(log.append(bad))).sort()).toEqual([
      'events[0].expires_at',
      'key.method',
      'key.principal',
      'key.request_hash',
      'key.request_id',
      'reply',
    ]);
  });
});

describe('EventLog.Resolve', () => {
  it('answers the stored answer, or newer events of the named types', async () => {
    const requestId = randomUUID();
    const aggregateId = randomUUID();
    const seen = [{ ...conversation(aggregateId), eventTypes: ['message_created'], version: 0n }];
    const unknown = await log.resolve({ key: key(requestId), seen });
    expect(unknown).toMatchObject({ newer: [], newerHasMore: false });
    expect(unknown.stored).toBeUndefined();
    const appended = await log.append({ key: key(requestId), events: [message(aggregateId)] });
    const known = await log.resolve({ key: key(requestId), seen });
    expect(known.stored).toEqual({ ...appended, replayed: true });
    const other = await log.resolve({ key: key(randomUUID()), seen });
    expect(other.newer.map(decoded).map(({ aggregateVersion }) => aggregateVersion)).toEqual([1n]);
    const reused = await failureOf(log.resolve({ key: key(requestId, 'other'), seen }));
    expect(reused.reason).toBe('REQUEST_ID_REUSED');
  });

  it('answers at most 500 events and says that there are more', async () => {
    const aggregateId = randomUUID();
    for (let n = 0; n < 2; n += 1) {
      const events = Array.from({ length: 300 }, () => message(aggregateId));
      await log.append({ events });
    }
    const answer = await log.resolve({
      seen: [{ ...conversation(aggregateId), eventTypes: [], version: 10n }],
    });
    expect(answer.newer).toHaveLength(500);
    expect(answer.newerHasMore).toBe(true);
    expect(answer.newer.map(decoded)[0]?.aggregateVersion).toBe(11n);
  });
});

describe('EventLog.ReadAggregates', () => {
  it('streams each aggregate in version order, in messages of at most 1 MiB', async () => {
    const [small, large] = [randomUUID(), randomUUID()];
    await log.append({ events: Array.from({ length: 60 }, () => message(small)) });
    for (let n = 0; n < 3; n += 1) {
      const events = Array.from({ length: 4 }, () => message(large, 'x'.repeat(240_000)));
      await log.append({ events });
    }
    const answers = await collect(
      log.readAggregates({
        aggregates: [
          { ...conversation(small), afterVersion: 5n },
          { ...conversation(large), eventTypes: ['message.sent'] },
          { ...conversation(randomUUID()) },
        ],
        limitPerAggregate: 52,
      }),
    );
    for (const { events } of answers) {
      const size = events.reduce((sum, { value }) => sum + value.length, 0);
      expect(size).toBeLessThanOrEqual(1024 * 1024);
    }
    const events = answers.flatMap((answer) => answer.events.map(decoded));
    const versions = (id: string) =>
      events.filter(({ aggregateId }) => aggregateId === id).map((e) => Number(e.aggregateVersion));
    expect(versions(small)).toEqual(Array.from({ length: 52 }, (_, n) => n + 6));
    expect(versions(large)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
  });

  it('refuses ranges that are none', async () => {
    const read = (aggregates: { aggregateType: string; aggregateId: string }[]) =>
      fieldsOf(collect(log.readAggregates({ aggregates })));
    expect(await read([])).toEqual(['aggregates']);
    expect(await read([{ aggregateType: 'planet', aggregateId: 'x' }])).toEqual([
      'aggregates[0].aggregate_type',
      'aggregates[0].aggregate_id',
    ]);
  });
});

describe('EventLog.ReadLog', () => {
  it('streams the whole log in order and ends at the head', async () => {
    const { head } = await log.getLog({});
    const answers = await collect(log.readLog({}));
    const events = answers.flatMap((answer) => answer.events.map(decoded));
    const positions = events.map(({ position }) => position.position);
    expect(positions).toEqual(Array.from({ length: positions.length }, (_, n) => BigInt(n + 1)));
    expect(answers.at(-1)?.scanned).toBe(head);
    for (const { events: chunk } of answers) {
      const size = chunk.reduce((sum, { value }) => sum + value.length, 0);
      expect(size).toBeLessThanOrEqual(1024 * 1024);
    }
  });

  it('resumes anywhere, by lanes and types, with or without payloads', async () => {
    const aggregateId = randomUUID();
    const { head: from } = await log.getLog({});
    await log.append({ events: [message(), message(aggregateId), message()] });
    await served.events.publishEvent({
      eventType: 'member_added',
      aggregateId,
      payload: { user_id: SENDER },
    });
    const lanes = [laneOf(aggregateId)];
    const mine = await collect(log.readLog({ from, lanes, eventTypes: ['member_added'] }));
    expect(mine.flatMap(({ events }) => events.map(({ topic }) => topic))).toEqual([
      topicOf('member_added'),
    ]);
    const headers = await collect(log.readLog({ from, headersOnly: true }));
    const events = headers.flatMap((answer) => answer.events);
    expect(events).toHaveLength(4);
    expect(events.every(({ value }) => value.length === 0)).toBe(true);
    const middle = events[1]?.headers['ce_novaposition'] ?? '';
    const rest = await collect(log.readLog({ from: middle }));
    expect(rest.flatMap((answer) => answer.events)).toHaveLength(2);
  });

  it('follows: sends what is appended at once, and how far it has scanned meanwhile', async () => {
    const { head: from } = await log.getLog({});
    const aggregateId = randomUUID();
    const stop = new AbortController();
    const answers: ReadLogResponse[] = [];
    const stream = log.readLog(
      { from, follow: true, lanes: [laneOf(aggregateId)], eventTypes: ['message_created'] },
      { signal: stop.signal },
    );
    const reading = (async () => {
      for await (const answer of stream) {
        answers.push(answer);
        if (answer.events.length > 0) return;
        // The checkpoint of an event that does not match: the log has been scanned beyond it.
        await log.append({ events: [message(aggregateId)] });
      }
    })();
    await served.events.publishEvent({
      eventType: 'member_added',
      aggregateId,
      payload: { user_id: SENDER },
    });
    await reading;
    stop.abort();
    expect(answers.map(({ events }) => events.length)).toEqual([0, 1]);
    expect(answers[0]?.scanned).not.toBe(from);
  }, 20_000);

  it('refuses positions that are none, and those of a log that is lost', async () => {
    expect(await fieldsOf(collect(log.readLog({ from: 'x' })))).toEqual(['from']);
    expect(await fieldsOf(collect(log.readLog({ lanes: [64] })))).toEqual(['lanes[0]']);
    expect(await fieldsOf(collect(log.readLog({ eventTypes: ['nope_such'] })))).toEqual([
      'event_types[0]',
    ]);
    const { head } = await log.getLog({});
    const [epoch = '', digits = ''] = head.split('-');
    const beyond = `${epoch}-${String(BigInt(digits) + 1n).padStart(19, '0')}`;
    const foreign = `0123456789abcdef-${digits}`;
    for (const from of [beyond, foreign]) {
      const failed = await failureOf(collect(log.readLog({ from })));
      expect(failed).toMatchObject({ status: 'FAILED_PRECONDITION', reason: 'POSITION_LOST' });
    }
    expect(await collect(log.readLog({ from: head }))).toMatchObject([{ events: [] }]);
  });
});

describe('EventLog.GetLog', () => {
  it('answers with head, epochs and 64 lanes', async () => {
    const answer = await log.getLog({});
    expect(answer.epochs.at(-1)?.epoch).toBe(answer.head.split('-')[0]);
    expect(answer.lanes.map(({ lane }) => lane)).toEqual(Array.from({ length: 64 }, (_, n) => n));
  });
});

describe('EventLog.RegisterConsumer', () => {
  it('answers the head of the first registration to every later one', async () => {
    const member = {
      service: 'messaging',
      consumer: 'views',
      generation: 1,
      eventTypes: ['message.sent', 'member_added'],
      opsAddress: 'localhost:50152',
    };
    const { head } = await log.getLog({});
    const first = await log.registerConsumer(member);
    expect(first).toMatchObject({ ttlSeconds: 60, registeredAt: head });
    await log.append({ events: [message()] });
    const later = await log.registerConsumer({ ...member, generation: 2 });
    expect(later.registeredAt).toBe(head);
    const rows = await data.database.query<{ generation: number; event_types: string[] }>(
      'SELECT generation, event_types FROM consumer_members ORDER BY generation',
    );
    expect(rows.map(({ generation }) => generation)).toEqual([1, 2]);
    expect(rows[0]?.event_types).toEqual(['message_created', 'member_added']);
  });

  it('is told by ListConsumers, also when the consumer runs no more', async () => {
    const member = (service: string, generation: number) => ({
      service,
      consumer: 'views',
      generation,
      eventTypes: ['member_added'],
      opsAddress: `${service}:1`,
    });
    const { head } = await log.getLog({});
    const fromS = Math.floor(Date.now() / 1000);
    await log.registerConsumer(member('aa-gone', 3));
    await log.registerConsumer(member('aa-running', 1));
    await log.registerConsumer({ ...member('aa-running', 2), opsAddress: 'other:2' });
    const toS = Math.floor(Date.now() / 1000);
    await data.database.query(
      `UPDATE consumer_members SET expires_at = clock_timestamp() WHERE service = 'aa-gone'`,
    );
    const { consumers } = await served
      .as({ 'x-user-id': '0b9c2f64-5a57-4a53-9d7e-6f4a8e0d2c11', 'x-nova-roles': 'reader' })
      .events.listConsumers({});
    const [gone, running] = consumers;
    expect(gone).toMatchObject({
      ...member('aa-gone', 3),
      effectsFrom: head,
      members: [],
    });
    expect(running).toMatchObject({ generation: 2, opsAddress: 'other:2' });
    expect(running?.members).toMatchObject([
      { opsAddress: 'aa-running:1', generation: 1 },
      { opsAddress: 'other:2', generation: 2 },
    ]);
    for (const one of [running, ...(running?.members ?? [])]) {
      const seconds = Number(one?.lastSeenAt?.seconds);
      expect(seconds).toBeGreaterThanOrEqual(fromS);
      expect(seconds).toBeLessThanOrEqual(toS);
    }
  });

  it('refuses what could not be called back', async () => {
    const failed = fieldsOf(
      log.registerConsumer({ service: '', consumer: 'a\nb', generation: -1, opsAddress: 'x' }),
    );
    expect((await failed).sort()).toEqual([
      'consumer',
      'event_types',
      'generation',
      'ops_address',
      'service',
    ]);
  });
});
