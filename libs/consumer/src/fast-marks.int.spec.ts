import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import { outboxMigrations } from '@nova/outbox';
import { openRedis, processedEvents, type Redis } from '@nova/redis';
import { silentLogger } from '@nova/telemetry';
import {
  type PrivateRedis,
  privateRedis,
  type TestDatabase,
  testDatabase,
  waitFor,
} from '@nova/testkit';
import { type Consumer, consumerMigrations, createConsumer, type FastMarks } from './index.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, rooms, setPoisonous } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let server: PrivateRedis;
let redis: Redis;

beforeAll(async () => {
  setPoisonous(true);
  server = await privateRedis();
  redis = await opened(2000);
}, 60_000);

async function opened(timeoutMs: number): Promise<Redis> {
  const made = openRedis({ url: server.url, timeoutMs, clientName: 'spec', logger: silentLogger });
  await waitFor(() => made.ping().then(() => true), { withinMs: 10_000, what: 'Redis' });
  return made;
}

afterAll(async () => {
  redis.close();
  await server.remove();
});

/** Fast marks that are wrong, each in its way. */
const LIARS: Readonly<Record<string, FastMarks['find']>> = {
  'says that everything was applied': (_, ids) => Promise.resolve(new Set(ids)),
  'says that nothing was applied': () => Promise.resolve(new Set()),
  'says it of every other event, and of events that there are not': (_, ids) =>
    Promise.resolve(new Set([...ids.filter((_id, at) => at % 2 === 0), crypto.randomUUID()])),
};

describe('fast marks', () => {
  let store: TestDatabase;
  /** Without fast marks: what the others must show. */
  let control: Consumer;
  let running: Consumer[] = [];
  const topics = new MemoryTopics();

  beforeAll(async () => {
    store = await testDatabase({
      migrations: [
        { owner: 'outbox', dir: outboxMigrations },
        { owner: 'consumer', dir: consumerMigrations },
      ],
    });
    control = await start('without', undefined);
    running = [];
  }, 30_000);

  afterEach(async () => {
    await Promise.all(running.map((consumer) => consumer.stop()));
    running = [];
  });

  afterAll(async () => {
    await control.stop();
    await store.drop();
  });

  async function start(name: string, fastMarks: FastMarks | undefined): Promise<Consumer> {
    const consumer = createConsumer({
      definition: { service: 'spec', name, views: [rooms, members], effects: [] },
      database: store.database,
      source: new MemorySource(topics),
      log: outboxLog(store.database),
      logger: silentLogger,
      fastMarks,
      settings: { gatherMs: 2 },
    });
    running.push(consumer);
    await consumer.start();
    await waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
    return consumer;
  }

  /** Stored while the consumers run, so that they come from the topics and not from the log. */
  function append(): Promise<StoredEvent[]> {
    const ids = Array.from({ length: 4 }, () => crypto.randomUUID());
    const events = Array.from({ length: 80 }, (_, at) => {
      const id = ids[at % ids.length] ?? '';
      if (at % 5 === 0) return newEvent('member_added', id, { user_id: crypto.randomUUID() });
      return newEvent('message_created', id, { message_id: id, sender_id: id, content: 'hi' });
    });
    return appendAll(store.database, events);
  }

  const publish = (events: readonly StoredEvent[]) => {
    for (const event of events) topics.publish(event);
  };

  const rowsOf = (consumer: Consumer) =>
    consumer.read(async (views) => ({
      rooms: await views.query('SELECT * FROM room_view ORDER BY conversation_id'),
      members: await views.query('SELECT * FROM member_view ORDER BY conversation_id, user_id'),
    }));

  /** Long before the tail check would find in the log what was dropped. */
  const showsTheSame = (consumer: Consumer) =>
    waitFor(
      async () => {
        expect(await rowsOf(consumer)).toEqual(await rowsOf(control));
        return consumer.status().lagEvents === 0 && control.status().lagEvents === 0;
      },
      { withinMs: 15_000, what: `the views of ${consumer.status().consumer}` },
    );

  /** Events that come several times, the copies out of step, with another start in between. */
  async function deliverRepeatedly(name: string, fastMarks: FastMarks | undefined) {
    const first = await start(name, fastMarks);
    const events = await append();
    publish([...events, ...events.slice(40), ...events]);
    await showsTheSame(first);
    await first.stop();
    const second = await start(name, fastMarks);
    const more = await append();
    publish([...[...events].reverse(), ...more, ...events]);
    await showsTheSame(second);
    const { rooms: shown } = await rowsOf(second);
    expect(shown.length).toBeGreaterThanOrEqual(8);
    return { consumer: second, events: [...events, ...more] };
  }

  it.each(Object.entries(LIARS))(
    'leave views as they are when Redis %s',
    async (lie, find) => {
      const name = lie.replaceAll(/\W+/g, '_').slice(0, 30);
      await deliverRepeatedly(name, { find, note: () => {} });
    },
    40_000,
  );

  it('spare transactions for what comes again, once Redis has seen it', async () => {
    const { consumer, events } = await deliverRepeatedly('honest', processedEvents(redis));
    // At most a few: what a slow Redis was not told in time is noted when it comes again.
    for (let round = 1; ; round += 1) {
      const before = await lastTransactionOf(store, 'honest');
      const { duplicateTotal } = consumer.status();
      for (const event of events) topics.publish(event);
      await waitFor(() => consumer.status().duplicateTotal >= duplicateTotal + events.length, {
        withinMs: 10_000,
        what: 'the duplicates',
      });
      const after = await lastTransactionOf(store, 'honest');
      // Neither a mark was locked nor an offset written.
      if (round === 5) expect(after).toEqual(before);
      if (after === before) return;
    }
  }, 40_000);

  it('are of one consumer and one generation', async () => {
    const marks = processedEvents(redis);
    const id = crypto.randomUUID();
    marks.note({ consumer: 'a.views', generation: 2 }, [id]);
    const isFound = (consumer: string, generation: number) =>
      marks.find({ consumer, generation }, [id]).then((found) => found.has(id));
    await waitFor(() => isFound('a.views', 2), { withinMs: 5000, what: 'the mark' });
    expect(await isFound('b.views', 2)).toBe(false);
    expect(await isFound('a.views', 1)).toBe(false);
    // A generation that retires does not take the mark of its successor.
    marks.note({ consumer: 'a.views', generation: 1 }, [id]);
    await redis.ping();
    expect(await isFound('a.views', 2)).toBe(true);
  });

  it('cost a paused or absent Redis nothing but time', async () => {
    const hasty = await opened(100);
    server.pause();
    await deliverRepeatedly('paused', processedEvents(hasty));
    await server.kill();
    await deliverRepeatedly('gone', processedEvents(hasty));
    hasty.close();
    await server.restart();
  }, 60_000);
});

/** The last round of a consumer that has written an offset. */
async function lastTransactionOf(
  { database }: TestDatabase,
  consumer: string,
): Promise<bigint | undefined> {
  const sql = 'SELECT max(xmin::text::bigint) AS n FROM consumer_offsets WHERE consumer = $1';
  const [row] = await database.query<{ n: bigint }>(sql, [consumer]);
  return row?.n;
}
