import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PublishEventRequestSchema } from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { RpcError } from '@nova/rpc';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

type Request = MessageInitShape<typeof PublishEventRequestSchema>;
type Instant = { readonly seconds: bigint; readonly nanos: number };

const SENDER = '11111111-2222-4333-8444-555555555555';
const HOUR_MS = 3_600_000;
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

const instant = (ms: number): Instant => ({
  seconds: BigInt(Math.floor(ms / 1000)),
  nanos: (Math.floor(ms) % 1000) * 1_000_000,
});
const msOf = (at: Instant | undefined) => Number(at?.seconds ?? 0n) * 1000 + (at?.nanos ?? 0) / 1e6;

/** A message that is to come so many milliseconds from now. */
const later = (inMs: number, aggregateId?: string, content?: string) =>
  at(Date.now() + inMs, aggregateId, content);

/** A message that is to come at this time. */
const at = (ms: number, aggregateId: string = randomUUID(), content = 'later') => ({
  eventType: 'message_created',
  aggregateId,
  payload: { message_id: randomUUID(), sender_id: SENDER, content },
  notBefore: instant(ms),
});

async function schedule(request: Request): Promise<string> {
  const { event, scheduled } = await served.events.publishEvent(request);
  expect(event).toBeUndefined();
  if (scheduled === undefined) throw new Error('the event was not scheduled');
  return scheduled.eventId;
}

/** What is done before a time to come: on a busy machine once more, with twice the lead. */
async function ahead<T>(work: (atMs: number) => Promise<T>, leadMs = 1_200): Promise<T> {
  const atMs = Date.now() + leadMs;
  try {
    const done = await work(atMs);
    if (Date.now() < atMs) return done;
  } catch (thrown) {
    if (Date.now() < atMs) throw thrown;
  }
  return ahead(work, leadMs * 2);
}

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`the call did not fail with an RpcError: ${String(thrown)}`);
}

const find = (eventId: string) =>
  served.events.getEvent({ eventId }).then(
    ({ event }) => event,
    () => undefined,
  );

async function stored(eventId: string) {
  await waitFor(async () => (await find(eventId)) !== undefined, {
    withinMs: 30_000,
    what: 'the event to be appended',
  });
  const event = await find(eventId);
  if (event === undefined) throw new Error('the event has gone');
  return event;
}

async function waiting(): Promise<readonly string[]> {
  const { events } = await served.events.listScheduledEvents({ pageSize: 500 });
  return events.map(({ eventId }) => eventId);
}

async function contentsOf(aggregateId: string): Promise<unknown[]> {
  const { events } = await served.events.getEventsByAggregate({ aggregateId, pageSize: 500 });
  return events.map(({ payload }) => payload?.['content']);
}

const clockPasses = (ms: number) =>
  waitFor(() => Date.now() > ms, { withinMs: 10_000, what: 'the time to pass' });

describe('an event with not_before', () => {
  it('waits, and is appended within a second of its time, with the version it has then', async () => {
    const { aggregateId, eventId, notBefore } = await ahead(async (atMs) => {
      const aggregateId = randomUUID();
      const { notBefore, ...second } = at(atMs, aggregateId, 'second');
      const { scheduled } = await served.events.publishEvent({
        ...second,
        notBefore,
        eventType: 'message.sent',
      });
      const eventId = scheduled?.eventId ?? '';
      expect(scheduled).toMatchObject({
        eventType: 'message_created',
        aggregateType: 'conversation',
        aggregateId,
        notBefore,
        source: '/nova/dev',
        refusal: '',
      });
      expect(await find(eventId)).toBeUndefined();
      expect(await waiting()).toContain(eventId);
      const { notBefore: _, ...first } = at(atMs, aggregateId, 'first');
      await served.events.publishEvent(first);
      return { aggregateId, eventId, notBefore };
    });
    const event = await stored(eventId);
    expect(event.aggregateVersion).toBe(2n);
    const lateMs = [msOf(event.storedAt) - msOf(notBefore)];
    // One may be late for what else the machine has to do, but not each.
    while (lateMs.length < 4 && Math.min(...lateMs) >= 1_000) {
      const [id, atMs] = await ahead(async (ms) => [await schedule(at(ms)), ms] as const);
      lateMs.push(msOf((await stored(id)).storedAt) - atMs);
    }
    expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
    expect(Math.min(...lateMs)).toBeLessThan(1_000);
    expect(event.occurredAt).toEqual(event.storedAt);
    expect(await waiting()).not.toContain(eventId);
    expect(await contentsOf(aggregateId)).toEqual(['first', 'second']);
  });

  it('whose time has come is stored at once', async () => {
    const { event, scheduled } = await served.events.publishEvent(later(-1_000));
    expect(scheduled).toBeUndefined();
    expect(event?.aggregateVersion).toBe(1n);
  });

  it('is kept over a restart; one that expired meanwhile never enters the log', async () => {
    await served.stop();
    const { aggregateId, kept, expired, expiresAt } = await ahead(async (atMs) => {
      served = await serveLog(data.url);
      const aggregateId = randomUUID();
      const expiresAt = instant(atMs + 400);
      try {
        const kept = await schedule(at(atMs, aggregateId, 'kept'));
        const expired = await schedule({ ...at(atMs, aggregateId, 'expired'), expiresAt });
        return { aggregateId, kept, expired, expiresAt };
      } finally {
        await served.stop();
      }
    });
    await clockPasses(msOf(expiresAt) + 50);
    served = await serveLog(data.url);
    expect((await stored(kept)).payload?.['content']).toBe('kept');
    await waitFor(async () => !(await waiting()).includes(expired), {
      withinMs: 5_000,
      what: 'the expired event to be forgotten',
    });
    expect(await contentsOf(aggregateId)).toEqual(['kept']);
  });

  it('carries expires_at into the log, where it is stored in time', async () => {
    const expiresAt = instant(Date.now() + HOUR_MS);
    const event = await stored(await ahead((atMs) => schedule({ ...at(atMs), expiresAt }), 500));
    expect(event.expiresAt).toMatchObject(expiresAt);
  });

  it('comes once and in the order of times from two instances', async () => {
    const other = await serveLog(data.url);
    const numbers = Array.from({ length: 120 }, (_, n) => n);
    // What is due before the last one is kept may come before it; then once more, with more time.
    const keepAll = async (leadMs: number): Promise<string> => {
      const aggregateId = randomUUID();
      const startMs = Date.now() + leadMs;
      for (const from of [0, 20, 40, 60, 80, 100]) {
        await Promise.all(
          numbers.slice(from, from + 20).map((n) => {
            const { events } = n % 2 === 0 ? served : other;
            const request = later(0, aggregateId, String(n));
            return events.publishEvent({ ...request, notBefore: instant(startMs + n) });
          }),
        );
      }
      return Date.now() < startMs ? aggregateId : keepAll(leadMs * 2);
    };
    const aggregateId = await keepAll(2_500);
    await waitFor(async () => (await contentsOf(aggregateId)).length >= 120, {
      withinMs: 30_000,
      what: 'all to be appended',
    });
    await other.stop();
    expect(await contentsOf(aggregateId)).toEqual(numbers.map(String));
  });

  it('that the log refuses when it is due is kept with the reason, and holds up nobody', async () => {
    const { eventId, next } = await ahead(async (atMs) => {
      const eventId = randomUUID();
      await schedule({ ...at(atMs), eventId });
      const { notBefore: _, ...now } = at(atMs, undefined, 'other content');
      await served.events.publishEvent({ ...now, eventId });
      return { eventId, next: await schedule(at(atMs + 100)) };
    });
    await stored(next);
    const { events } = await served.events.listScheduledEvents({ pageSize: 500 });
    expect(events.find((one) => one.eventId === eventId)?.refusal).toBe('EVENT_ID_REUSED');
  });

  it('is listed page by page, soonest first', async () => {
    const eventType = 'user_updated';
    const at = Date.now() + HOUR_MS;
    const ids: string[] = [];
    for (const inMs of [3, 1, 2, 2]) {
      const payload = { display_name: 'n' };
      const notBefore = instant(at + inMs);
      ids.push(await schedule({ eventType, aggregateId: randomUUID(), payload, notBefore }));
    }
    const listed: string[] = [];
    let pageToken = '';
    do {
      const page = await served.events.listScheduledEvents({ eventType, pageSize: 2, pageToken });
      listed.push(...page.events.map(({ eventId }) => eventId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(listed).toEqual([ids[1], ids[2], ids[3], ids[0]]);
  });

  it.each<[string, Request, string]>([
    ['too far ahead', { ...later(400 * 24 * HOUR_MS) }, 'not_before'],
    [
      'with a condition',
      { ...later(HOUR_MS), condition: { must: { case: 'notExist', value: true } } },
      'condition',
    ],
    [
      'that expires before its time',
      { ...later(HOUR_MS), expiresAt: instant(Date.now() + HOUR_MS / 2) },
      'expires_at',
    ],
    ['that is no time', { ...later(0), notBefore: { seconds: 1n, nanos: -1 } }, 'not_before'],
    ['with a wrong payload', { ...later(HOUR_MS), payload: { content: 7 } }, 'payload.content'],
  ])('%s is INVALID_ARGUMENT, and nothing waits', async (_, request, field) => {
    const before = await waiting();
    const failed = await failureOf(served.events.publishEvent(request));
    expect(failed.status).toBe('INVALID_ARGUMENT');
    expect(failed.violations.map((violation) => violation.field)).toContain(field);
    expect(await waiting()).toEqual(before);
  });
});

describe('CancelScheduledEvent', () => {
  it('takes an event back for good, and says where it cannot', async () => {
    const request = { ...later(HOUR_MS), requestId: randomUUID() };
    const eventId = await schedule(request);
    const { cancelled } = await served.events.cancelScheduledEvent({ eventId });
    expect(cancelled?.eventId).toBe(eventId);
    expect(await waiting()).not.toContain(eventId);
    const again = await failureOf(served.events.cancelScheduledEvent({ eventId }));
    expect(again).toMatchObject({ status: 'NOT_FOUND', reason: 'SCHEDULED_EVENT_NOT_FOUND' });
    // The request comes once more, late: it is answered and does not bring the event back.
    const repeated = await served.events.publishEvent(request);
    expect(repeated).toMatchObject({ replayed: true, scheduled: { eventId } });
    expect(await waiting()).not.toContain(eventId);
    const { event } = await served.events.publishEvent(later(-1));
    const stood = { eventId: event?.eventId ?? '' };
    expect(await failureOf(served.events.cancelScheduledEvent(stood))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'SCHEDULED_EVENT_STORED',
    });
    const none = await failureOf(served.events.cancelScheduledEvent({ eventId: 'x' }));
    expect(none.status).toBe('INVALID_ARGUMENT');
  });

  it('is for whoever scheduled the event, and for admins', async () => {
    const eventId = await schedule(later(HOUR_MS));
    const caller = { 'x-user-id': SENDER, 'x-nova-roles': 'writer' };
    const foreign = served.as(caller).events.cancelScheduledEvent({ eventId });
    expect(await failureOf(foreign)).toMatchObject({
      status: 'PERMISSION_DENIED',
      reason: 'SCHEDULED_EVENT_FOREIGN',
    });
    const admin = served.as({ ...caller, 'x-nova-roles': 'writer,admin' }).events;
    expect((await admin.cancelScheduledEvent({ eventId })).cancelled?.eventId).toBe(eventId);
  });

  it('at the very time decides for one: cancelled or in the log, never both', async () => {
    const cancel = (eventId: string) =>
      served.events.cancelScheduledEvent({ eventId }).then(
        () => true,
        () => false,
      );
    // Some long before, some never, and those between in the moment.
    const { dueMs, ids, early } = await ahead(async (dueMs) => {
      const aggregateId = randomUUID();
      const ids = await Promise.all(
        Array.from({ length: 50 }, (_, n) => schedule(at(dueMs + n, aggregateId, String(n)))),
      );
      return { dueMs, ids, early: await Promise.all(ids.slice(0, 5).map(cancel)) };
    }, 2_000);
    await clockPasses(dueMs - 20);
    const between: boolean[] = [];
    for (const eventId of ids.slice(5, 45).reverse()) between.unshift(await cancel(eventId));
    const outcomes = [...early, ...between, ...ids.slice(45).map(() => false)];
    await stored(await ahead((atMs) => schedule(at(atMs)), 500));
    const inLog = await Promise.all(ids.map(async (id) => (await find(id)) !== undefined));
    expect(inLog).toEqual(outcomes.map((isCancelled) => !isCancelled));
    expect(early).toEqual([true, true, true, true, true]);
  });
});

describe('the request id of a scheduled event', () => {
  it('brings the same answer before and after the event is appended', async () => {
    const { request, first } = await ahead(async (atMs) => {
      const request = { ...at(atMs), requestId: randomUUID() };
      const first = await served.events.publishEvent(request);
      expect(first.event).toBeUndefined();
      const before = await served.events.publishEvent(request);
      expect(before).toEqual({ ...first, replayed: true });
      return { request, first };
    });
    await stored(first.scheduled?.eventId ?? '');
    const after = await served.events.publishEvent(request);
    expect(after).toEqual({ ...first, replayed: true });
    expect(await contentsOf(request.aggregateId)).toEqual(['later']);
    const other = { ...request, payload: { ...request.payload, content: 'other' } };
    expect(await failureOf(served.events.publishEvent(other))).toMatchObject({
      reason: 'REQUEST_ID_REUSED',
    });
  });

  it('may be left out where the event has an id of its own', async () => {
    const request = { ...later(HOUR_MS), eventId: randomUUID() };
    expect(await schedule(request)).toBe(request.eventId);
    expect(await schedule(request)).toBe(request.eventId);
    const other = { ...request, notBefore: instant(Date.now() + 2 * HOUR_MS) };
    expect(await failureOf(served.events.publishEvent(other))).toMatchObject({
      status: 'ALREADY_EXISTS',
      reason: 'EVENT_ID_REUSED',
    });
    expect((await waiting()).filter((id) => id === request.eventId)).toHaveLength(1);
  });
});
