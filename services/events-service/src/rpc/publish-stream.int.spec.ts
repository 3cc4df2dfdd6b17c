import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NovaError } from '@nova/errors';
import { parsePosition } from '@nova/events';
import type { AppendUnit } from '@nova/outbox';
import { errors as postgresErrors } from '@nova/postgres';
import type {
  PublishStreamRequestSchema,
  PublishStreamResponse,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

type Request = MessageInitShape<typeof PublishStreamRequestSchema>;

const SENDER = '11111111-2222-4333-8444-555555555555';
let data: TestDatabase;
let served: ServedLog;
let beforeAppend: (units: readonly AppendUnit[]) => Promise<void> = async () => {};

beforeAll(async () => {
  data = await logDatabase();
  served = await serveLog(data.url, {
    limits: { unreadBytes: 16 * 1024 },
    beforeAppend: (units) => beforeAppend(units),
  });
}, 60_000);
afterEach(() => {
  beforeAppend = async () => {};
});
afterAll(async () => {
  await served.stop();
  await data.drop();
});

const message = (aggregateId: string, content: string) => ({
  requestId: randomUUID(),
  event: {
    eventType: 'message_created',
    aggregateId,
    payload: { message_id: randomUUID(), sender_id: SENDER, content },
  },
});

async function* each<T>(all: Iterable<T>) {
  for (const one of all) yield await Promise.resolve(one);
}

/** What was answered until the stream ended, and how it ended. */
async function collect(answers: AsyncIterable<PublishStreamResponse>) {
  const all: PublishStreamResponse[] = [];
  try {
    for await (const answer of answers) all.push(answer);
    return { all, failure: undefined };
  } catch (failure) {
    return { all, failure };
  }
}

const storedIn = ({ outcome }: PublishStreamResponse) =>
  outcome.case === 'stored' ? outcome.value : undefined;

async function contentsOf(aggregateId: string): Promise<unknown[]> {
  const all: unknown[] = [];
  let pageToken = '';
  do {
    const page = await served.events.getEventsByAggregate({
      aggregateId,
      pageSize: 500,
      pageToken,
    });
    all.push(...page.events.map(({ payload }) => payload?.['content']));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n));

describe('PublishStream', () => {
  it('stores every event in the order of the stream and answers in it', async () => {
    const aggregates = [randomUUID(), randomUUID(), randomUUID()];
    const statements: number[] = [];
    beforeAppend = async (units) => void statements.push(units.length);
    const requests = numbers(1_200).map((n) => message(aggregates[Number(n) % 3] ?? '', n));
    const { all, failure } = await collect(served.events.publishStream(each(requests)));
    expect(failure).toBeUndefined();
    expect(all.map(({ sequence }) => Number(sequence))).toEqual(
      requests.map((_, index) => index + 1),
    );
    expect(all.map(({ requestId }) => requestId)).toEqual(requests.map((one) => one.requestId));
    const positions = all.map(
      (answer) => parsePosition(storedIn(answer)?.position ?? '')?.position,
    );
    expect(positions).toEqual(positions.map((_, n) => (positions[0] ?? 0n) + BigInt(n)));
    all.forEach((answer, n) => {
      expect(storedIn(answer)?.aggregateVersion).toBe(BigInt(Math.floor(n / 3) + 1));
    });
    expect(await contentsOf(aggregates[1] ?? '')).toEqual(
      numbers(1_200).filter((n) => Number(n) % 3 === 1),
    );
    // They share commits.
    expect(statements.length).toBeLessThan(600);
  });

  it('is resumed by request ids after a break: nothing lost, doubled or out of order', async () => {
    const aggregateId = randomUUID();
    const requests = numbers(600).map((n) => message(aggregateId, n));
    const answered: PublishStreamResponse[] = [];
    /** Takes so many answers of what has none yet, and leaves. */
    const take = async (count: number) => {
      const leaving = new AbortController();
      const rest = each(requests.slice(answered.length));
      const until = answered.length + count;
      for await (const answer of served.events.publishStream(rest, { signal: leaving.signal })) {
        answered.push(answer);
        if (answered.length === until) leaving.abort();
      }
    };
    for (let breaks = 0; breaks < 4; breaks += 1) {
      await expect(take(60)).rejects.toMatchObject({ status: 'CANCELLED' });
    }
    await take(Number.POSITIVE_INFINITY);
    expect(answered.map(({ requestId }) => requestId)).toEqual(
      requests.map(({ requestId }) => requestId),
    );
    expect(await contentsOf(aggregateId)).toEqual(numbers(600));
    // Some had been stored without their answer having come.
    expect(answered.some(({ replayed }) => replayed)).toBe(true);
  });

  it('ends with a failure of the log and stores nothing of what came behind', async () => {
    const aggregateId = randomUUID();
    const requests = numbers(400).map((n) => message(aggregateId, n));
    let statements = 0;
    beforeAppend = async () => {
      statements += 1;
      if (statements === 3) throw new NovaError(postgresErrors.POSTGRES_UNAVAILABLE);
    };
    const first = await collect(served.events.publishStream(each(requests)));
    expect(first.failure).toMatchObject({ status: 'UNAVAILABLE' });
    const count = first.all.length;
    expect(count).toBeLessThan(400);
    expect(await contentsOf(aggregateId)).toEqual(numbers(count));
    const rest = await collect(served.events.publishStream(each(requests.slice(count))));
    expect(rest.failure).toBeUndefined();
    expect(await contentsOf(aggregateId)).toEqual(numbers(400));
  });

  it('answers what is wrong in its turn, and goes on', async () => {
    const aggregateId = randomUUID();
    const good = (content: string) => message(aggregateId, content);
    const twice = good('twice');
    const must = { case: 'notExist' as const, value: true };
    const requests: Request[] = [
      good('first'),
      message('not a uuid', 'x'),
      { requestId: randomUUID() },
      { ...good('x'), condition: { must } },
      { ...good('x'), requestId: '7' },
      twice,
      twice,
      { ...good('other'), requestId: twice.requestId ?? '' },
      { event: { ...good('no id').event, eventType: 'message.sent' } },
    ];
    const { all, failure } = await collect(served.events.publishStream(each(requests)));
    expect(failure).toBeUndefined();
    const told = all.map(({ outcome, replayed }) =>
      outcome.case === 'refusal' ? outcome.value.reason : replayed,
    );
    expect(told).toEqual([
      false,
      'EVENT_INVALID',
      'EVENT_INVALID',
      'CONDITION_FAILED',
      'EVENT_INVALID',
      false,
      true,
      'REQUEST_ID_REUSED',
      false,
    ]);
    expect(all[1]?.outcome.value).toMatchObject({
      message: expect.stringContaining('event.aggregate_id'),
    });
    expect(all[8]?.alias).toBe('message.sent');
    expect(await contentsOf(aggregateId)).toEqual(['first', 'twice', 'no id']);
  });

  it('holds back a sender that takes no answers, and goes on when it does', async () => {
    const aggregateId = randomUUID();
    const COUNT = 4_000;
    const contents = numbers(COUNT).map((n) => `${n}:${'x'.repeat(2_000)}`);
    let sent = 0;
    async function* counted() {
      for (const content of contents) {
        sent += 1;
        yield await Promise.resolve({ ...message(aggregateId, content), requestId: '' });
      }
    }
    const answers = served.events.publishStream(counted())[Symbol.asyncIterator]();
    await answers.next();
    let before = -1;
    await waitFor(
      async () => {
        const still = before === sent;
        before = sent;
        for (let turn = 0; turn < 300; turn += 1) await new Promise(setImmediate);
        return still && sent === before;
      },
      { withinMs: 15_000, what: 'the sender to be held back' },
    );
    expect(sent).toBeLessThan(COUNT / 2);
    let answered = 1;
    while ((await answers.next()).done !== true) answered += 1;
    expect(answered).toBe(COUNT);
    expect(await contentsOf(aggregateId)).toEqual(contents);
  }, 60_000);

  it('is for writers, and may be empty', async () => {
    expect(await collect(served.events.publishStream(each([])))).toEqual({ all: [] });
    const reader = served.as({ 'x-nova-roles': 'reader', 'x-user-id': SENDER }).events;
    const { failure } = await collect(reader.publishStream(each([message(randomUUID(), 'x')])));
    expect(failure).toMatchObject({ status: 'PERMISSION_DENIED' });
  });
});
