import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeToken, topicOf } from '@nova/events';
import { outboxMigrations } from '@nova/outbox';
import type { Database, Sql } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { stopwatch, type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { type Clock, systemClock } from '@nova/time';
import {
  type Consumer,
  type ConsumerSettings,
  consumerMigrations,
  createConsumer,
  type DeliverySource,
} from './index.ts';
import { purgeRetired } from './purge-retired.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { rooms } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let store: TestDatabase;
let topics: MemoryTopics;
let consumer: Consumer;

beforeEach(async () => {
  store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
  topics = new MemoryTopics();
});
afterEach(async () => {
  await consumer.stop();
  await store.drop();
});

async function start(
  settings: Partial<ConsumerSettings> = {},
  more: { source?: DeliverySource; database?: Database; clock?: Clock } = {},
): Promise<void> {
  consumer = createConsumer({
    definition: { service: 'spec', name: 'views', views: [rooms], effects: [] },
    database: more.database ?? store.database,
    source: more.source ?? new MemorySource(topics),
    log: outboxLog(store.database),
    logger: silentLogger,
    settings,
    ...(more.clock === undefined ? {} : { clock: more.clock }),
  });
  await consumer.start();
}

const isRunning = () =>
  waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
const said = (room: string, content: string) =>
  newEvent('message_created', room, { message_id: room, sender_id: room, content });
const fat = () => said(crypto.randomUUID(), 'x'.repeat(100_000));

/** How many rows each transaction has written that wrote any, the first one first. */
async function roundSizes(): Promise<readonly number[]> {
  const rows = await consumer.read((views) =>
    views.query<{ size: number }>(
      `SELECT count(*)::integer AS size FROM room_view
       GROUP BY xmin::text ORDER BY xmin::text::bigint`,
    ),
  );
  return rows.map(({ size }) => size);
}

/** In how many transactions the rows were written. */
async function roundsOf(): Promise<number> {
  return (await roundSizes()).length;
}

describe('a round', () => {
  it('takes no more bytes than it may, from the log and from the topics', async () => {
    await appendAll(store.database, Array.from({ length: 9 }, fat));
    await start({ roundBytes: 250_000 });
    await isRunning();
    await waitFor(() => consumer.status().appliedTotal === 9, { withinMs: 8000, what: 'nine' });
    expect(await roundsOf()).toBe(3);
    for (const event of await appendAll(store.database, Array.from({ length: 9 }, fat))) {
      topics.publish(event);
    }
    await waitFor(() => consumer.status().appliedTotal === 18, { withinMs: 8000, what: 'all' });
    expect(await roundsOf()).toBeGreaterThanOrEqual(6);
  });

  it('of a backlog grows where the database is fast, and not while it may be what kills the process', async () => {
    // A round takes a hundredth of its time.
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() / 100 };
    await start({ catchUpLag: 1_000_000 }, { clock });
    await isRunning();
    const count = 14_000;
    const events = Array.from({ length: count }, () => said(crypto.randomUUID(), 'x'));
    for (const event of await appendAll(store.database, events)) topics.publish(event);
    await waitFor(() => consumer.status().appliedTotal === count, {
      withinMs: 60_000,
      what: 'all',
    });
    const rounds = await roundSizes();
    let before = 0;
    for (const size of rounds) {
      if (before < 10_000) expect(size).toBeLessThanOrEqual(1000);
      before += size;
    }
    expect(Math.max(...rounds)).toBeGreaterThan(1000);
  });

  it('takes what arrives after a pause at once, and gathers what keeps arriving', async () => {
    await start({ gatherMs: 10_000 });
    await isRunning();
    const events = await appendAll(
      store.database,
      Array.from({ length: 20 }, () => said(crypto.randomUUID(), 'x')),
    );
    const [first, ...rest] = events;
    if (first === undefined) throw new Error('nothing was appended');
    const watch = stopwatch();
    topics.publish(first);
    await waitFor(() => consumer.status().appliedTotal === 1, { withinMs: 8000, what: 'one' });
    expect(watch.ms()).toBeLessThan(8000);
    for (const event of rest) {
      topics.publish(event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor(() => consumer.status().appliedTotal === 20, { withinMs: 20_000, what: 'all' });
    expect(await roundsOf()).toBe(2);
  });
});

describe('a consumer', () => {
  it('says which topics differ, and begins nothing, where their partitions do', async () => {
    const memory = new MemorySource(topics);
    const strange = topicOf('conversation_created');
    let other = 2;
    await start(
      {},
      {
        source: {
          async open(options) {
            const open = await memory.open(options);
            open.partitionCounts = () =>
              new Map(options.topics.map((topic) => [topic, topic === strange ? 4 : other]));
            return open;
          },
        },
      },
    );
    await waitFor(() => consumer.status().phase === 'paused', { withinMs: 8000, what: 'a stop' });
    const { trouble } = consumer.status();
    expect(trouble).toContain('different numbers of partitions');
    expect(trouble).toContain(`4 of ${strange}`);
    // Mended while it runs.
    other = 4;
    await isRunning();
  });

  it('asks the database less and less often for what a token names', async () => {
    let asked = 0;
    const { database } = store;
    const query = <Row>(sql: Sql, params?: readonly unknown[]) => {
      const text = typeof sql === 'string' ? sql : sql.text;
      if (text.includes('JOIN consumer_progress AS p')) asked += 1;
      return database.query<Row>(sql, params);
    };
    await start({ gatherMs: 0 }, { database: { ...database, query } });
    await isRunning();
    const [event] = await appendAll(store.database, [said(crypto.randomUUID(), 'late')]);
    if (event === undefined) throw new Error('nothing was appended');
    const token = encodeToken([
      {
        aggregateType: 'conversation',
        aggregateId: event.aggregateId,
        ...event.position,
        versions: { message_created: 1n },
      },
    ]);
    const busy = await appendAll(
      store.database,
      Array.from({ length: 60 }, () => said(crypto.randomUUID(), 'other')),
    );
    asked = 0;
    const startedAtMs = systemClock.monotonicMs();
    const answer = consumer.waitFor(token, startedAtMs + 30_000);
    for (const [index, one] of busy.entries()) {
      topics.publish(one);
      const more = () => consumer.status().appliedTotal > index;
      await waitFor(more, { withinMs: 5000, what: 'the next' });
    }
    topics.publish(event);
    expect(await answer).toBe('reached');
    // After 25, 75, 175, 375 ms, then every 200 ms, however much is applied meanwhile.
    expect(asked).toBeLessThanOrEqual(6 + (systemClock.monotonicMs() - startedAtMs) / 150);
  });
});

describe('a generation that has ended', () => {
  it('stays for those who still read it, then leaves nothing behind', async () => {
    await start();
    await isRunning();
    await appendAll(store.database, [said(crypto.randomUUID(), 'x')]);
    await consumer.rebuild();
    const { database } = store;
    const left = async () => {
      const [row] = await database.query<{ marks: number; schemas: number }>(
        `SELECT (SELECT count(*)::integer FROM consumer_progress WHERE generation = 1) +
                (SELECT count(*)::integer FROM consumer_tail WHERE generation = 1) AS marks,
                (SELECT count(*)::integer FROM pg_namespace WHERE nspname = 'views_g1') AS schemas`,
      );
      return row;
    };
    await purgeRetired(database, 'views');
    expect(await left()).toMatchObject({ schemas: 1 });
    await database.query(
      "UPDATE consumer_generations SET retired_at = retired_at - interval '20 s' WHERE generation = 1",
    );
    await purgeRetired(database, 'views');
    expect(await left()).toEqual({ marks: 0, schemas: 0 });
    expect(await roundsOf()).toBe(1);
  });
});
