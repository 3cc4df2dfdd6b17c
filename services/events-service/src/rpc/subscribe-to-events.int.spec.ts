import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEventId, parsePosition } from '@nova/events';
import { append, rebase } from '@nova/outbox';
import type {
  SubscribeToEventsRequestSchema,
  SubscribeToEventsResponse,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { RpcError } from '@nova/rpc';
import { createLogger } from '@nova/telemetry';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

type Request = MessageInitShape<typeof SubscribeToEventsRequestSchema>;

const SENDER = '11111111-2222-4333-8444-555555555555';
const UNREAD_MS = 1_000;
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

const message = (aggregateId: string = randomUUID(), content = 'hello') => ({
  eventType: 'message_created',
  aggregateId,
  payload: { message_id: randomUUID(), sender_id: SENDER, content },
});

const added = (aggregateId: string) => ({
  eventType: 'member_added',
  aggregateId,
  payload: { user_id: SENDER },
});

async function publish(...events: ReturnType<typeof message>[]): Promise<void> {
  await served.events.publishEvents({ events });
}

/** A subscription whose answers are kept, until the spec leaves it. */
function subscribe(request: Request) {
  const leaving = new AbortController();
  const answers: SubscribeToEventsResponse[] = [];
  let failure: unknown;
  const ended = (async () => {
    try {
      const stream = served.events.subscribeToEvents(request, { signal: leaving.signal });
      for await (const answer of stream) answers.push(answer);
    } catch (thrown) {
      failure = thrown;
    }
  })();
  const events = () =>
    answers.flatMap(({ content }) => (content.case === 'event' ? [content.value] : []));
  return {
    answers,
    events,
    contents: () => events().map(({ payload }) => payload?.['content']),
    until: (what: string, condition: () => boolean) =>
      waitFor(condition, { withinMs: 10_000, what }),
    started: () => waitFor(() => answers.length > 0, { withinMs: 5_000, what: 'a first answer' }),
    async failed() {
      await ended;
      return failure;
    },
    async leave() {
      leaving.abort();
      await ended;
    },
  };
}

/** All that a subscription has until it has caught up. */
async function caughtUp(request: Request) {
  const reading = subscribe(request);
  await reading.until('the end of the log', () =>
    reading.answers.some(({ content }) => content.case === 'checkpoint' && content.value.caughtUp),
  );
  await reading.leave();
  return reading;
}

async function failureOf(request: Request): Promise<RpcError> {
  const thrown = await subscribe(request).failed();
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`the subscription did not fail with an RpcError: ${String(thrown)}`);
}

describe('SubscribeToEvents', () => {
  it('goes from the log over to what is stored meanwhile, without gap or double', async () => {
    const batches = (from: number) =>
      Array.from({ length: 15 }, (_, n) =>
        publish(...Array.from({ length: 20 }, (_, at) => message(undefined, `${from + n}.${at}`))),
      );
    await Promise.all(batches(0));
    const reading = subscribe({ from: { case: 'beginning', value: true } });
    await Promise.all(batches(100));
    const { head } = await served.log.getLog({});
    await reading.until('the head', () => reading.answers.at(-1)?.position === head);
    await publish(message(undefined, 'the last'));
    await reading.until('what is live', () => reading.contents().at(-1) === 'the last');
    await reading.leave();
    const positions = reading.events().map(({ position }) => parsePosition(position)?.position);
    expect(positions).toEqual(Array.from({ length: positions.length }, (_, n) => BigInt(n + 1)));
    expect(positions.length).toBeGreaterThanOrEqual(601);
    const [first] = reading.answers;
    expect(first?.content).toMatchObject({ case: 'checkpoint', value: { caughtUp: false } });
    for (const { position, content } of reading.answers) {
      if (content.case === 'event') expect(content.value.position).toBe(position);
    }
  });

  it('begins where it is told to: now, after a position, at a time', async () => {
    const own = randomUUID();
    await publish(message(own, 'a'));
    const live = subscribe({ aggregateId: own });
    await live.started();
    expect(live.answers[0]?.content).toMatchObject({ value: { caughtUp: true } });
    await publish(message(own, 'b'), message(own, 'c'));
    await live.until('both', () => live.events().length === 2);
    await live.leave();
    expect(live.contents()).toEqual(['b', 'c']);
    const [b] = live.events();
    if (b?.storedAt === undefined) throw new Error('no event came');
    const value = b.position;
    const after = await caughtUp({ aggregateId: own, from: { case: 'position', value } });
    expect(after.contents()).toEqual(['c']);
    const since = await caughtUp({ aggregateId: own, from: { case: 'time', value: b.storedAt } });
    expect(since.contents()).toEqual(['b', 'c']);
    const nextMs = { seconds: b.storedAt.seconds + 1n, nanos: 0 };
    const later = await caughtUp({ aggregateId: own, from: { case: 'time', value: nextMs } });
    expect(later.contents()).toEqual([]);
  });

  it('shows only what matches all filters', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const user = { eventType: 'user_updated', aggregateId: one, payload: { display_name: 'n' } };
    await publish(message(one, '1'), message(other, '2'));
    await served.events.publishEvents({ events: [added(one), user] });
    const event = { eventId: newEventId(), eventIdGiven: false, eventType: 'message_created' };
    const payload = Buffer.from(JSON.stringify({ content: 'of a tenant' }));
    const rest = { schemaVersion: 1, source: '/nova/spec', annotations: {}, payload };
    const place = { aggregateType: 'conversation', aggregateId: other, tenant: 'acme' };
    const unit = {
      conditions: [],
      mode: 'atomic' as const,
      events: [{ ...event, ...place, ...rest }],
    };
    await append(data.database, [unit]);
    const seen = async (filter: Request) => {
      const reading = await caughtUp({ ...filter, from: { case: 'beginning', value: true } });
      return reading
        .events()
        .filter(({ aggregateId }) => aggregateId === one || aggregateId === other)
        .map(({ eventType, payload: p }) => p?.['content'] ?? eventType);
    };
    expect(await seen({ aggregateId: one })).toEqual(['1', 'member_added', 'user_updated']);
    expect(await seen({ eventTypes: ['message.sent'] })).toEqual(['1', '2', 'of a tenant']);
    expect(await seen({ aggregateTypes: ['user'] })).toEqual(['user_updated']);
    const both = { aggregateTypes: ['conversation'], aggregateIdPrefix: one.slice(0, 13) };
    expect(await seen(both)).toEqual(['1', 'member_added']);
    expect(await seen({ tenant: 'acme' })).toEqual(['of a tenant']);
    expect(await seen({ tenant: 'acme', aggregateId: one })).toEqual([]);
  });

  it('says how far it looked while nothing matches', async () => {
    const reading = subscribe({ aggregateId: randomUUID() });
    await reading.started();
    const { head } = await served.log.getLog({});
    await publish(message());
    await reading.until('a checkpoint', () => (reading.answers.at(-1)?.position ?? '') > head);
    await reading.leave();
    expect(reading.events()).toEqual([]);
    expect(reading.answers.at(-1)?.content).toMatchObject({ value: { caughtUp: true } });
  });

  it('cuts off a reader that stops, which then goes on where it was', async () => {
    const logged: string[] = [];
    const destination = { write: (line: string) => void logged.push(line) };
    const impatient = await serveLog(data.url, {
      limits: { unreadMs: UNREAD_MS, unreadBytes: 64 * 1024 },
      logger: createLogger({ service: 'spec', level: 'debug', destination }),
    });
    const own = randomUUID();
    const contents = Array.from({ length: 150 }, (_, n) => `${n}:${'x'.repeat(20_000)}`);
    for (let n = 0; n < 150; n += 30) {
      await publish(...contents.slice(n, n + 30).map((content) => message(own, content)));
    }
    const from = { case: 'beginning' as const, value: true };
    const seen: unknown[] = [];
    let last = '';
    const take = ({ position, content }: SubscribeToEventsResponse) => {
      last = position;
      if (content.case === 'event') seen.push(content.value.payload?.['content']);
    };
    const stream = impatient.events.subscribeToEvents({ aggregateId: own, from });
    let failure: unknown;
    try {
      for await (const answer of stream) {
        take(answer);
        if (seen.length !== 1) continue;
        await waitFor(() => logged.some((line) => line.includes('RPC_READER_TOO_SLOW')), {
          withinMs: 10 * UNREAD_MS,
          what: 'the server to lose patience',
        });
      }
    } catch (thrown) {
      failure = thrown;
    }
    expect(failure).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'RPC_READER_TOO_SLOW' });
    expect(seen.length).toBeLessThan(150);
    const rest = { aggregateId: own, from: { case: 'position' as const, value: last } };
    await impatient.stop();
    const resumed = await caughtUp(rest);
    resumed.answers.forEach(take);
    expect(seen).toEqual(contents);
  });

  it.each<[string, Request, string]>([
    ['an unknown event type', { eventTypes: ['message_creatd'] }, 'event_types[0]'],
    ['an unknown aggregate type', { aggregateTypes: ['thing'] }, 'aggregate_types[0]'],
    ['control characters', { aggregateIdPrefix: 'a\0' }, 'aggregate_id_prefix'],
    ['a position that is none', { from: { case: 'position', value: '7' } }, 'position'],
    ['an empty position', { from: { case: 'position', value: '' } }, 'position'],
    ['no beginning', { from: { case: 'beginning', value: false } }, 'beginning'],
    ['a time to come', { from: { case: 'time', value: { seconds: 9_999_999_999n } } }, 'time'],
  ])('%s is INVALID_ARGUMENT', async (_, request, field) => {
    const failed = await failureOf(request);
    expect(failed.status).toBe('INVALID_ARGUMENT');
    expect(failed.violations.map((violation) => violation.field)).toEqual([field]);
  });

  it('is for readers', async () => {
    const stream = served.as({ 'x-nova-roles': 'writer', 'x-user-id': SENDER }).events;
    const first = stream.subscribeToEvents({})[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ status: 'PERMISSION_DENIED' });
  });

  it('ends when the log is restored to before what was read, and refuses to go on from there', async () => {
    await publish(message(), message());
    const reading = subscribe({ from: { case: 'beginning', value: true } });
    const { head } = await served.log.getLog({});
    await reading.until('the head', () => reading.answers.at(-1)?.position === head);
    await data.database.transaction(async (tx) => {
      const last = (parsePosition(head)?.position ?? 0n) - 2n;
      await tx.query('DELETE FROM outbox_events WHERE position > $1', [last]);
    });
    await rebase(data.database);
    await publish(message(), message(), message());
    expect(await reading.failed()).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'POSITION_LOST',
    });
    const again = await failureOf({ from: { case: 'position', value: head } });
    expect(again.reason).toBe('POSITION_LOST');
    expect((await caughtUp({ from: { case: 'beginning', value: true } })).failed).toBeDefined();
  });
});
