import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { type Consumer, consumerMigrations, createConsumer } from './index.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, type Room, rooms } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let store: TestDatabase;
let topics: MemoryTopics;
let running: Consumer[] = [];
/** Reads of the log wait for it. */
let gate: Promise<void> = Promise.resolve();

beforeEach(async () => {
  store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
  topics = new MemoryTopics();
  gate = Promise.resolve();
});
afterEach(async () => {
  await Promise.all(running.map((consumer) => consumer.stop()));
  running = [];
  await store.drop();
});

async function start(): Promise<Consumer> {
  const log = outboxLog(store.database);
  const consumer = createConsumer({
    definition: { service: 'spec', name: 'views', views: [rooms, members], effects: [] },
    database: store.database,
    source: new MemorySource(topics),
    log: {
      ...log,
      async *readLog(range) {
        await gate;
        yield* log.readLog(range);
      },
    },
    logger: silentLogger,
  });
  running.push(consumer);
  await consumer.start();
  await waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
  return consumer;
}

async function publish(count: number): Promise<StoredEvent[]> {
  const given = Array.from({ length: count }, () => {
    const room = crypto.randomUUID();
    return newEvent('message_created', room, { message_id: room, sender_id: room, content: 'hi' });
  });
  const events = await appendAll(store.database, given);
  for (const event of events) topics.publish(event);
  return events;
}

const shows = (consumer: Consumer, count: number) =>
  waitFor(
    async () => {
      const rows = await consumer.read((views) => views.query<Room>('SELECT * FROM room_view'));
      return rows.length === count && rows.every(({ messages }) => messages === 1);
    },
    { withinMs: 10_000, what: `${count} rows` },
  );
const by = { who: 'ada', reason: 'a row was lost by hand' };
const stateIs = (consumer: Consumer, state: string) =>
  waitFor(async () => (await consumer.rebuilding.standing()).state === state, {
    withinMs: 10_000,
    what: `a rebuild that is ${state}`,
  });

describe('a rebuild that an operator asks for', () => {
  it('makes what was lost anew, for all members, and tells each how it went', async () => {
    const [one, other] = [await start(), await start()];
    await publish(30);
    await shows(one, 30);
    expect(await one.rebuilding.standing()).toMatchObject({
      state: 'none',
      serving: 1,
      head: 30n,
      aggregates: 30,
      views: ['room_view', 'member_view'],
    });
    await store.database.query('DELETE FROM views_g1.room_view');
    const begun = await one.rebuilding.begin(by);
    expect(begun).toMatchObject({ generation: 2, ...by });
    await stateIs(other, 'done');
    expect(await other.rebuilding.standing()).toMatchObject({ serving: 2, scanned: 30n, ...by });
    await shows(one, 30);
    await shows(other, 30);
    await publish(5);
    await shows(other, 35);
  }, 40_000);

  it('is the only one at a time; another member may end it, and the old views serve on', async () => {
    const [one, other] = [await start(), await start()];
    await publish(10);
    await shows(one, 10);
    const held = Promise.withResolvers<void>();
    gate = held.promise;
    await one.rebuilding.begin(by);
    expect((await other.rebuilding.standing()).state).toBe('running');
    await expect(other.rebuilding.begin(by)).rejects.toMatchObject({
      code: 'NOVA_CONSUMER_REBUILD_RUNNING',
    });
    const ended = await other.rebuilding.cancel('ben');
    expect(ended).toMatchObject({ state: 'cancelled', endedBy: 'ben', serving: 1 });
    held.resolve();
    await publish(5);
    await shows(one, 15);
    expect((await one.rebuilding.standing()).state).toBe('cancelled');
    // And the next one may begin.
    await other.rebuilding.begin(by);
    await stateIs(one, 'done');
    await shows(one, 15);
  }, 40_000);
});
