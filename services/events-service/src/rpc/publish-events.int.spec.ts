import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeToken, parsePosition } from '@nova/events';
import { PublishMode } from '@nova/proto/gen/events/event_pb';
import { RpcError } from '@nova/rpc';
import type { TestDatabase } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

const SENDER = '11111111-2222-4333-8444-555555555555';
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

function message(aggregateId: string = randomUUID(), content = 'hello') {
  return {
    eventType: 'message_created',
    aggregateId,
    payload: { message_id: randomUUID(), sender_id: SENDER, content },
  };
}

const conversation = (aggregateId: string) => ({ aggregateType: 'conversation', aggregateId });

async function head(): Promise<bigint> {
  const [row] = await data.database.query<{ head: bigint }>(
    'SELECT last_position AS head FROM outbox_log',
  );
  return row?.head ?? 0n;
}

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

describe('PublishEvents', () => {
  it('stores 500 events in order and answers for each', async () => {
    const aggregates = Array.from({ length: 5 }, () => randomUUID());
    const events = Array.from({ length: 500 }, (_, n) => message(aggregates[n % 5], `${n}`));
    const before = await head();
    const { results, consistencyToken, replayed } = await served.events.publishEvents({ events });
    expect(replayed).toBe(false);
    expect(await head()).toBe(before + 500n);
    results.forEach(({ outcome }, n) => {
      if (outcome.case !== 'event') throw new Error(`event ${n} was not stored`);
      expect(outcome.value.payload?.['content']).toBe(`${n}`);
      expect(parsePosition(outcome.value.position)?.position).toBe(before + 1n + BigInt(n));
      expect(outcome.value.aggregateVersion).toBe(BigInt(Math.floor(n / 5) + 1));
    });
    const entries = decodeToken(consistencyToken) ?? [];
    expect(entries.map(({ aggregateId }) => aggregateId).sort()).toEqual([...aggregates].sort());
    expect(entries.every(({ versions }) => versions['message_created'] === 100n)).toBe(true);
  });

  it('answers a repeated request from the log, alias and order included', async () => {
    const request = {
      requestId: randomUUID(),
      events: [message(), { ...message(), eventType: 'message.sent' }, message()],
    };
    const first = await served.events.publishEvents(request);
    const before = await head();
    const again = await served.events.publishEvents(request);
    expect(again.replayed).toBe(true);
    expect(again.results.map(({ outcome, alias }) => ({ outcome, alias }))).toEqual(
      first.results.map(({ outcome, alias }) => ({ outcome, alias })),
    );
    expect(first.results[1]?.alias).toBe('message.sent');
    expect(await head()).toBe(before);
  });

  it('appends what is new beside what is replayed', async () => {
    const known = { ...message(), eventId: randomUUID() };
    const first = await served.events.publishEvent(known);
    const { results } = await served.events.publishEvents({ events: [message(), known] });
    expect(results.map(({ replayed }) => replayed)).toEqual([false, true]);
    expect(results[1]?.outcome.value).toEqual(first.event);
  });

  it('stores nothing of an atomic batch with a failed condition, and names all that failed', async () => {
    const [taken, other, free] = [randomUUID(), randomUUID(), randomUUID()];
    await served.events.publishEvents({ events: [message(taken), message(other)] });
    const before = await head();
    const failed = await failureOf(
      served.events.publishEvents({
        events: [message(free), message(taken)],
        conditions: [
          { ...conversation(free), must: { case: 'notExist', value: true } },
          { ...conversation(taken), must: { case: 'notExist', value: true } },
          { ...conversation(other), must: { case: 'version', value: 7n } },
        ],
      }),
    );
    expect(failed).toMatchObject({ status: 'ABORTED', reason: 'CONDITION_FAILED' });
    expect(failed.violations.map(({ field }) => field)).toEqual(['conditions[1]', 'conditions[2]']);
    expect(failed.metadata['current_version']).toBe('1');
    expect(await head()).toBe(before);
  });

  it('in mode EACH refuses only the events of the aggregate at fault', async () => {
    const [taken, free] = [randomUUID(), randomUUID()];
    await served.events.publishEvent(message(taken));
    const { results, consistencyToken } = await served.events.publishEvents({
      mode: PublishMode.EACH,
      events: [message(free), message(taken), message(free)],
      conditions: [{ ...conversation(taken), must: { case: 'notExist', value: true } }],
    });
    expect(results.map(({ outcome }) => outcome.case)).toEqual(['event', 'refusal', 'event']);
    expect(results[1]?.outcome.value).toMatchObject({
      index: 1,
      reason: 'CONDITION_FAILED',
      ...conversation(taken),
      currentVersion: 1n,
    });
    expect(decodeToken(consistencyToken)?.map(({ aggregateId }) => aggregateId)).toEqual([free]);
  });

  it('in mode EACH answers for each index what is wrong with it, and stores the others', async () => {
    const [taken, free, spoilt] = [randomUUID(), randomUUID(), randomUUID()];
    await served.events.publishEvent(message(taken));
    const before = await head();
    const request = {
      requestId: randomUUID(),
      mode: PublishMode.EACH,
      events: [
        message(free, 'kept'),
        message(spoilt, 'a\0b'),
        { ...message(), eventType: 'message_creatd' },
        message(spoilt, 'for itself'),
        message(randomUUID(), 'a\0b'),
        message(taken),
        { ...message(free, 'kept too'), eventType: 'message.sent' },
      ],
      conditions: [{ ...conversation(taken), must: { case: 'notExist' as const, value: true } }],
    };
    const first = await served.events.publishEvents(request);
    const outcomes = ({ results }: typeof first) =>
      results.map(({ outcome }) =>
        outcome.case === 'refusal' ? outcome.value.reason : outcome.value?.payload?.['content'],
      );
    expect(outcomes(first)).toEqual([
      'kept',
      'EVENT_INVALID',
      'EVENT_TYPE_UNKNOWN',
      'for itself',
      'EVENT_INVALID',
      'CONDITION_FAILED',
      'kept too',
    ]);
    const refusals = first.results.map(({ outcome }) =>
      outcome.case === 'refusal' ? outcome.value : undefined,
    );
    expect(refusals.map((one) => one?.index)).toEqual([
      undefined,
      1,
      2,
      undefined,
      4,
      5,
      undefined,
    ]);
    expect(refusals[1]?.message).toContain('events[1].payload.content');
    expect(refusals[2]?.message).toContain('message_created');
    expect(first.results[6]?.alias).toBe('message.sent');
    expect(await head()).toBe(before + 3n);
    const again = await served.events.publishEvents(request);
    expect(again.replayed).toBe(true);
    expect(again.results.map(({ outcome, alias }) => ({ outcome, alias }))).toEqual(
      first.results.map(({ outcome, alias }) => ({ outcome, alias })),
    );
    expect(await head()).toBe(before + 3n);
  });

  it('in mode EACH answers a batch of which nothing is valid, also when it is repeated', async () => {
    const before = await head();
    const lost = randomUUID();
    const request = {
      requestId: randomUUID(),
      mode: PublishMode.EACH,
      events: [
        message('x'),
        message(lost, 'a\0b'),
        // Neither has a form in JSON.
        { ...message(), occurredAt: { seconds: 1n, nanos: -1 } },
        { ...message(), payload: { content: Number.NaN } },
      ],
      // On an aggregate that loses its only event: it does not refuse the others.
      conditions: [{ ...conversation(lost), must: { case: 'exist' as const, value: true } }],
    };
    for (const replayed of [false, true]) {
      const answer = await served.events.publishEvents(request);
      expect(answer.replayed).toBe(replayed);
      expect(answer.results.map(({ outcome }) => outcome.case)).toEqual(
        request.events.map(() => 'refusal'),
      );
    }
    expect(await head()).toBe(before);
  });

  it('names the index of a reused event id', async () => {
    const known = { ...message(), eventId: randomUUID() };
    await served.events.publishEvent(known);
    const before = await head();
    const other = { ...message(), eventId: known.eventId };
    const atomic = await failureOf(served.events.publishEvents({ events: [message(), other] }));
    expect(atomic).toMatchObject({ status: 'ALREADY_EXISTS', reason: 'EVENT_ID_REUSED' });
    expect(atomic.violations.map(({ field }) => field)).toEqual(['events[1].event_id']);
    expect(await head()).toBe(before);
    const { results } = await served.events.publishEvents({
      mode: PublishMode.EACH,
      events: [message(), other],
    });
    expect(results[1]?.outcome.value).toMatchObject({ index: 1, reason: 'EVENT_ID_REUSED' });
    expect(await head()).toBe(before + 1n);
  });

  it.each([
    ['no events', { events: [] }, 'events'],
    ['501 events', { events: Array.from({ length: 501 }, () => message()) }, 'events'],
    [
      'more than 1 MiB',
      { events: Array.from({ length: 5 }, () => message(randomUUID(), 'x'.repeat(250_000))) },
      'events',
    ],
    [
      'a bad event among good ones',
      { events: [message(), message('x')] },
      'events[1].aggregate_id',
    ],
    [
      'a condition without aggregate',
      { events: [message()], conditions: [{ must: { case: 'exist' as const, value: true } }] },
      'conditions[0].aggregate_id',
    ],
    ['an unknown mode', { events: [message()], mode: 9 as PublishMode }, 'mode'],
    ['a request id that is none', { events: [message()], requestId: '1' }, 'request_id'],
  ])('%s is INVALID_ARGUMENT and nothing is stored', async (_, request, field) => {
    const before = await head();
    const failed = await failureOf(served.events.publishEvents(request));
    expect(failed.status).toBe('INVALID_ARGUMENT');
    expect(failed.violations.map((violation) => violation.field)).toContain(field);
    expect(await head()).toBe(before);
  });

  it('refuses what it could store but never answer, and answers the largest that it stores', async () => {
    const notification = (data: number[]) => ({
      eventType: 'notification_created',
      aggregateId: randomUUID(),
      payload: { user_id: SENDER, kind: 'count', data: { data } },
    });
    const before = await head();
    const large = Array.from({ length: 3 }, () => notification(new Array<number>(80_000).fill(0)));
    // Within jest a quarter of a million values take seconds.
    const patience = { deadlineMs: 30_000 };
    expect(await fieldsOf(served.events.publishEvents({ events: large }, patience))).toEqual([
      'events',
    ]);
    expect(await head()).toBe(before);
    const { results } = await served.events.publishEvents({ events: large.slice(0, 2) }, patience);
    expect(results.map(({ outcome }) => outcome.case)).toEqual(['event', 'event']);
    const texts = Array.from({ length: 500 }, () => message(randomUUID(), 'x'.repeat(1_900)));
    expect((await served.events.publishEvents({ events: texts })).results).toHaveLength(500);
  }, 60_000);

  it('keeps versions whole under 8 concurrent publishers of one aggregate', async () => {
    const aggregateId = randomUUID();
    await Promise.all(
      Array.from({ length: 8 }, async (_, publisher) => {
        for (let n = 0; n < 10; n += 1) {
          await served.events.publishEvents({
            requestId: randomUUID(),
            events: [message(aggregateId, `${publisher}.${n}`), message()],
          });
        }
      }),
    );
    const { events } = await served.events.getEventsByAggregate({ aggregateId, pageSize: 500 });
    expect(events.map(({ aggregateVersion }) => Number(aggregateVersion))).toEqual(
      Array.from({ length: 80 }, (_, n) => n + 1),
    );
    expect(new Set(events.map(({ payload }) => payload?.['content'])).size).toBe(80);
  });
});
