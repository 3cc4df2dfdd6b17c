import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parsePosition } from '@nova/events';
import { rebase } from '@nova/outbox';
import type { Queryable } from '@nova/postgres';
import {
  NackAction,
  SubscriptionState,
  SubscriptionStrategy,
} from '@nova/proto/gen/events/subscriptions_pb';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { type Behaviour, type Got, Ledger, SpecConsumer } from './consuming.rig.spec.ts';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

interface Terms {
  readonly strategy?: SubscriptionStrategy;
  readonly ackTimeout?: { readonly seconds: bigint };
  readonly maxAttempts?: number;
}

// The machine may be busy with other specs.
jest.setTimeout(60_000);

const SENDER = '11111111-2222-4333-8444-555555555555';
let data: TestDatabase;
/** Two instances of the service over one database. */
let served: readonly [ServedLog, ServedLog];

beforeAll(async () => {
  data = await logDatabase();
  served = [await serveLog(data.url), await serveLog(data.url)];
});
afterAll(async () => {
  await Promise.all(served.map((one) => one.stop()));
  await data.drop();
});

const message = (aggregateId: string, content: string) => ({
  eventType: 'message_created',
  aggregateId,
  payload: { message_id: randomUUID(), sender_id: SENDER, content },
});

async function publish(...events: ReturnType<typeof message>[]): Promise<void> {
  await served[0].events.publishEvents({ events });
}

/** A subscription of its own kind of aggregates, whose ids begin alike. */
async function subscription(more: Terms = {}) {
  const name = `spec-${randomUUID()}`;
  const prefix = randomUUID().slice(0, 8);
  await served[0].events.createSubscription({
    name,
    filter: { aggregateIdPrefix: prefix },
    from: { case: 'beginning', value: true },
    ...more,
  });
  const aggregate = () => `${prefix}${randomUUID().slice(8)}`;
  const consumer = (how?: Behaviour, at: 0 | 1 = 0) =>
    new SpecConsumer(served[at].events, name, how);
  const standing = async () => {
    const { subscription: found } = await served[0].events.getSubscription({ name });
    if (found === undefined) throw new Error('an answer without a subscription');
    return found;
  };
  return { name, aggregate, consumer, standing };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n));
const placeOf = ({ position }: Got) => parsePosition(position)?.position ?? 0n;

/** Fails unless each aggregate's events came in order, repetitions apart. */
function expectOrder(all: readonly Got[]): void {
  const highest = new Map<string, bigint>();
  for (const { aggregateId, version, attempt } of all) {
    const before = highest.get(aggregateId) ?? 0n;
    if (attempt === 1) expect(version).toBe(before + 1n);
    else expect(version).toBeLessThanOrEqual(before + 1n);
    if (version > before) highest.set(aggregateId, version);
  }
}

const START = {
  content: { case: 'start' as const, value: { subscription: 'spec-wrong', credits: 1 } },
};

describe('Consume', () => {
  it('goes from the log over to what is stored meanwhile: nothing lost or doubled, in order', async () => {
    const one = await subscription({ strategy: SubscriptionStrategy.SINGLE });
    const aggregates = numbers(20).map(one.aggregate);
    const events = numbers(600).map((n) => message(aggregates[Number(n) % 20] ?? '', n));
    await publish(...events.slice(0, 300));
    const consumer = one.consumer({ credits: 50 });
    for (let at = 300; at < 600; at += 60) await publish(...events.slice(at, at + 60));
    await consumer.until('everything', ({ settled }) => settled.length === 600);
    await consumer.finish();
    expect(new Set(consumer.contents())).toEqual(new Set(numbers(600)));
    expect(consumer.got).toHaveLength(600);
    expectOrder(consumer.got);
    await waitFor(async () => (await one.standing()).consumers.length === 0, {
      withinMs: 5_000,
      what: 'nobody to consume',
    });
    const standing = await one.standing();
    expect(standing).toMatchObject({ waiting: 0n, unacknowledged: 0n, parked: 0n });
    const again = await one.consumer().started();
    await publish(message(aggregates[0] ?? '', 'the last'));
    await again.until('what is live', ({ got }) => got.length > 0);
    expect(again.contents()).toEqual(['the last']);
    await again.finish();
  });

  it('hands out again what a consumer had when it died, and nothing that it acknowledged', async () => {
    const one = await subscription();
    const [a, b] = [one.aggregate(), one.aggregate()];
    await publish(...numbers(4).flatMap((n) => [message(a, `a${n}`), message(b, `b${n}`)]));
    const first = one.consumer({ onEvent: ({ content }) => content !== 'a2' && content !== 'b1' });
    await first.until(
      'what it keeps',
      ({ got, settled }) => got.length === 5 && settled.length === 3,
    );
    // What comes after an unacknowledged event of its aggregate is not handed out.
    expect(first.contents().toSorted()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1']);
    expect((await one.standing()).consumers).toMatchObject([
      { consumer: 'spec', principal: 'dev', credits: 100, unacknowledged: 2n },
    ]);
    await first.die();
    const second = one.consumer({}, 1);
    await second.until('the rest', ({ settled }) => settled.length === 5);
    expect(second.contents().filter((content) => String(content).startsWith('a'))).toEqual([
      'a2',
      'a3',
    ]);
    expect(second.contents().filter((content) => String(content).startsWith('b'))).toEqual([
      'b1',
      'b2',
      'b3',
    ]);
    const attempts = new Map(second.got.map(({ content, attempt }) => [content, attempt]));
    expect(attempts).toEqual(
      new Map([
        ['a2', 2],
        ['a3', 1],
        ['b1', 2],
        ['b2', 1],
        ['b3', 1],
      ]),
    );
    await second.finish();
  });

  it('counts no attempt for what was on its way to a consumer that had gone', async () => {
    const one = await subscription();
    await publish(message(one.aggregate(), 'a0'));
    await data.database.transaction(async (tx) => {
      await tx.query('SELECT 1 FROM subscriptions WHERE name = $1 FOR UPDATE', [one.name]);
      const first = await one.consumer().started();
      await waitFor(() => hasLockWaiter(tx), { withinMs: 5_000, what: 'its first round' });
      await first.die();
      // On the same connection: the service has heard of the death when it answers.
      await one.standing();
    });
    const second = one.consumer();
    await second.until('the event', ({ settled }) => settled.length === 1);
    expect(second.got.map(({ content, attempt }) => [content, attempt])).toEqual([['a0', 1]]);
    await second.finish();
  });

  it('keeps the order of each aggregate with many consumers at two instances that come and go', async () => {
    const one = await subscription({ maxAttempts: 0 });
    const aggregates = numbers(12).map(one.aggregate);
    const COUNT = 240;
    await publish(...numbers(COUNT).map((n) => message(aggregates[Number(n) % 12] ?? '', n)));
    const ledger = new Ledger();
    const isOver = async () => {
      const { waiting, unacknowledged } = await one.standing();
      return ledger.handed.size === COUNT && waiting + unacknowledged === 0n;
    };
    let over = false;
    const life = async (n: number): Promise<void> => {
      for (let turn = 0; !over; turn += 1) {
        const consumer = one.consumer(
          {
            credits: 1 + ((n + turn) % 7),
            onEvent: (got) => ledger.work(consumer, got, n),
          },
          n % 2 === 0 ? 0 : 1,
        );
        const most = 10 + ((n * 13 + turn * 7) % 30);
        await consumer.until('some events', ({ got }) => over || got.length >= most);
        ledger.leaves(consumer);
        if (turn % 2 === 0) await consumer.die();
        else await consumer.finish();
        ledger.told(consumer);
      }
    };
    const lives = Promise.all(numbers(4).map((n) => life(Number(n))));
    await waitFor(isOver, { withinMs: 40_000, what: 'everything to be settled' });
    over = true;
    await lives;
    expect(ledger.problems).toEqual([]);
    expect(ledger.acknowledged.size).toBe(COUNT);
  });

  it('takes back what is not settled in time, and then hears no acknowledgement of it', async () => {
    const one = await subscription({ ackTimeout: { seconds: 5n } });
    const a = one.aggregate();
    await publish(message(a, 'slow'), message(a, 'next'));
    const slow = one.consumer({ credits: 1, onEvent: () => false });
    await slow.until('its event', ({ got }) => got.length === 1);
    const other = one.consumer({ onEvent: () => false }, 1);
    await other.until('the event that took too long', ({ got }) => got.length === 1);
    expect(other.got[0]).toMatchObject({ content: 'slow', attempt: 2 });
    slow.ack(slow.got[0]?.position ?? '');
    await slow.until('an answer', ({ stale }) => stale.length === 1);
    expect(other.got).toHaveLength(1);
    other.ack(other.got[0]?.position ?? '');
    await other.until(
      'the next',
      () => other.contents().includes('next') || slow.contents().includes('next'),
    );
    // Said twice is no harm.
    slow.ack(slow.got[0]?.position ?? '');
    await slow.until('a second answer', ({ settled }) => settled.length === 1);
    await Promise.all([slow.die(), other.die()]);
  });

  it('pins an aggregate to a consumer; with single the others stand by', async () => {
    const pinned = await subscription({ strategy: SubscriptionStrategy.PINNED });
    const aggregates = numbers(40).map(pinned.aggregate);
    const consumers = await Promise.all(
      numbers(3).map((n) => pinned.consumer({ consumer: n }, n === '0' ? 0 : 1).started()),
    );
    await waitFor(async () => (await pinned.standing()).consumers.length === 3, {
      withinMs: 5_000,
      what: 'three consumers',
    });
    await publish(...numbers(200).map((n) => message(aggregates[Number(n) % 40] ?? '', n)));
    const count = () => consumers.reduce((sum, { settled }) => sum + settled.length, 0);
    await waitFor(() => count() === 200, { withinMs: 30_000, what: 'all events' });
    const owners = consumers.map(({ got }) => new Set(got.map(({ aggregateId }) => aggregateId)));
    expect(owners.reduce((sum, { size }) => sum + size, 0)).toBe(40);
    for (const { got } of consumers) expectOrder(got);
    await Promise.all(consumers.map((consumer) => consumer.finish()));

    const single = await subscription({ strategy: SubscriptionStrategy.SINGLE });
    const first = await single.consumer().started();
    await waitFor(async () => (await single.standing()).consumers.length === 1, {
      withinMs: 5_000,
      what: 'the first',
    });
    const second = await single.consumer({}, 1).started();
    await publish(...numbers(10).map((n) => message(single.aggregate(), n)));
    await first.until('all of it', ({ settled }) => settled.length === 10);
    expect(second.got).toEqual([]);
    await first.die();
    await publish(message(single.aggregate(), 'taken over'));
    await second.until('what comes then', ({ settled }) => settled.length === 1);
    await second.finish();
  });

  it('does as it is told with what a consumer cannot deal with', async () => {
    const one = await subscription({ maxAttempts: 3 });
    const { name } = one;
    const [a, b] = [one.aggregate(), one.aggregate()];
    await publish(message(a, 'a0'), message(a, 'a1'), message(a, 'a2'), message(b, 'b0'));
    const consumer = one.consumer({ onEvent: ({ content }) => content === 'b0' });
    const attemptsOf = (content: string) => consumer.got.filter((got) => got.content === content);
    await consumer.until(
      'the first',
      () => attemptsOf('a0').length === 1 && consumer.settled.length === 1,
    );
    const a0 = consumer.got.find(({ content }) => content === 'a0')?.position ?? '';
    for (const attempt of [1, 2, 3]) {
      await consumer.until(`attempt ${attempt}`, () => attemptsOf('a0').length === attempt);
      consumer.nack(a0, NackAction.RETRY, { reason: 'not today', retryMs: 20 });
    }
    await waitFor(async () => (await one.standing()).parked === 1n, {
      withinMs: 5_000,
      what: 'it to be parked',
    });
    await publish(message(a, 'a3'), message(b, 'b1'));
    await consumer.until('what is not behind it', () => attemptsOf('b1').length === 1);
    consumer.ack(attemptsOf('b1')[0]?.position ?? '');
    expect(consumer.contents()).not.toContain('a1');
    const { parked } = await served[1].events.listSubscriptionParked({ subscription: name });
    expect(parked).toMatchObject([
      {
        position: a0,
        eventType: 'message_created',
        aggregateId: a,
        attempts: 3,
        reason: 'not today',
        held: 3n,
      },
    ]);
    const selection = { subscription: name, aggregateType: 'conversation', aggregateId: a };
    expect(await served[1].events.replaySubscriptionParked({ selection })).toMatchObject({
      replayed: 1n,
    });
    await consumer.until('it again', () => attemptsOf('a0').length === 4);
    expect(attemptsOf('a0')[3]?.attempt).toBe(1);
    consumer.nack(a0, NackAction.PARK);
    await waitFor(async () => (await one.standing()).parked === 1n, {
      withinMs: 5_000,
      what: 'the park',
    });
    const all = { subscription: name };
    expect(await served[0].events.discardSubscriptionParked({ selection: all })).toMatchObject({
      discarded: 1n,
    });
    await consumer.until('what was behind it', () => attemptsOf('a1').length === 1);
    consumer.nack(attemptsOf('a1')[0]?.position ?? '', NackAction.SKIP);
    await consumer.until('the next', () => attemptsOf('a2').length === 1);
    consumer.nack(attemptsOf('a2')[0]?.position ?? '', NackAction.STOP, { reason: 'fire' });
    expect(await consumer.ended()).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'SUBSCRIPTION_STOPPED',
    });
    expect(await one.standing()).toMatchObject({
      state: SubscriptionState.STOPPED,
      stoppedReason: 'fire',
      stoppedBy: 'dev',
    });
    expect(await one.consumer().ended()).toMatchObject({ reason: 'SUBSCRIPTION_STOPPED' });
    await served[1].events.updateSubscription({ name, stopped: false });
    const rest = one.consumer();
    await rest.until('the rest', ({ settled }) => settled.length === 2);
    expect(rest.got.map(({ content, attempt }) => [content, attempt])).toEqual([
      ['a2', 1],
      ['a3', 1],
    ]);
    await rest.finish();
  });

  it('ends when the subscription is deleted; the same name is then another one', async () => {
    const one = await subscription();
    const consumer = await one.consumer().started();
    await served[1].events.deleteSubscription({ name: one.name });
    expect(await consumer.ended()).toMatchObject({
      status: 'NOT_FOUND',
      reason: 'SUBSCRIPTION_UNKNOWN',
    });
    expect(await one.consumer().ended()).toMatchObject({ reason: 'SUBSCRIPTION_UNKNOWN' });
  });

  it('gives no more than the credits, and goes on with more of them', async () => {
    const one = await subscription();
    await publish(...numbers(30).map((n) => message(one.aggregate(), n)));
    const consumer = one.consumer({ credits: 0, onEvent: () => false });
    await consumer.started();
    consumer.say({ content: { case: 'credits', value: 7 } });
    await consumer.until('seven', ({ got }) => got.length === 7);
    await publish(...numbers(5).map((n) => message(one.aggregate(), n)));
    consumer.ack(...consumer.got.slice(0, 2).map(({ position }) => position));
    await consumer.until('two more', ({ got, settled }) => got.length >= 9 && settled.length === 2);
    expect(consumer.got).toHaveLength(9);
    expect((await one.standing()).unacknowledged).toBe(7n);
    expect(consumer.got.map(placeOf)).toEqual(
      consumer.got.map(placeOf).toSorted((x, y) => Number(x - y)),
    );
    await consumer.finish();
    // Left in good order: no attempt is counted.
    const next = one.consumer();
    await next.until('the rest', ({ settled }) => settled.length === 33);
    expect(new Set(next.got.map(({ attempt }) => attempt))).toEqual(new Set([1]));
    await next.finish();
  });

  it.each([
    ['no start', [{ content: { case: 'credits', value: 1 } }], 'start'],
    ['nothing at all', [{}], 'start'],
    ['two starts', [START, START], 'start'],
    ['too many credits', [START, { content: { case: 'credits', value: 9_999 } }], 'credits'],
    ['no positions', [START, { content: { case: 'ack', value: {} } }], 'ack.positions'],
    [
      'a position that is none',
      [START, { content: { case: 'nack', value: { positions: ['7'], action: 1 } } }],
      'nack.positions[0]',
    ],
    ['nothing later', [START, {}], 'content'],
  ] as [string, Parameters<SpecConsumer['say']>[0][], string][])(
    '%s is INVALID_ARGUMENT',
    async (_, requests, field) => {
      await served[0].events.createSubscription({ name: 'spec-wrong' });
      const failure = await failureOf(served[0].events.consume(each(requests)));
      expect(failure).toMatchObject({ status: 'INVALID_ARGUMENT', violations: [{ field }] });
    },
  );

  it('goes back with a log that is restored, and misses nothing that came in its place', async () => {
    const one = await subscription();
    const [a, b] = [one.aggregate(), one.aggregate()];
    await publish(message(a, 'kept'));
    const { head } = await served[0].log.getLog({});
    await publish(message(b, 'lost 1'), message(b, 'lost 2'));
    const consumer = one.consumer({ onEvent: ({ content }) => content !== 'lost 1' });
    await consumer.until(
      'what is lost later',
      ({ settled, got }) => settled.length === 1 && got.length === 2,
    );
    await data.database.transaction(async (tx) => {
      const last = parsePosition(head)?.position ?? 0n;
      await tx.query('DELETE FROM outbox_events WHERE position > $1', [last]);
      await tx.query('DELETE FROM outbox_aggregates WHERE aggregate_id = $1', [b]);
    });
    await rebase(data.database);
    const c = one.aggregate();
    await publish(message(c, 'new 1'), message(c, 'new 2'));
    await consumer.until('what is new', ({ settled }) => settled.length === 3);
    expect(consumer.contents()).toEqual(['kept', 'lost 1', 'new 1', 'new 2']);
    expect(await one.standing()).toMatchObject({ waiting: 0n, unacknowledged: 0n });
    await consumer.finish();
  });
});

async function hasLockWaiter(database: Queryable): Promise<boolean> {
  const [row] = await database.query<{ waits: boolean }>(
    `SELECT EXISTS (
       SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock') AS waits`,
  );
  return row?.waits ?? false;
}

async function* each<T>(all: readonly T[]) {
  for (const one of all) yield await Promise.resolve(one);
}

async function failureOf(answers: AsyncIterable<unknown>): Promise<unknown> {
  try {
    for await (const _ of answers);
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}
