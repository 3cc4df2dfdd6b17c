import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NovaError } from '@nova/errors';
import type { StoredEvent } from '@nova/events';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { errors } from './errors.ts';
import { type Consumer, consumerMigrations, createConsumer } from './index.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, type Room, rooms } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let store: TestDatabase;
let topics: MemoryTopics;
let running: Consumer[] = [];
/** Reads of the log wait for it. */
let gate: Promise<void> = Promise.resolve();
let dying: ChildProcess | undefined;

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
  dying?.kill('SIGKILL');
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
    withinMs: 30_000,
    what: `a rebuild that is ${state}`,
  });

/** Begins a rebuild of ten rooms that waits for the log until what is answered is settled. */
async function beginHeld(one: Consumer): Promise<PromiseWithResolvers<void>> {
  await publish(10);
  await shows(one, 10);
  const held = Promise.withResolvers<void>();
  gate = held.promise;
  gate.catch(() => {});
  await one.rebuilding.begin(by);
  return held;
}

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
    const held = await beginHeld(one);
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

describe('a rebuild that is interrupted', () => {
  const DYING = new URL('./testing/dying-rebuild.rig.spec.ts', import.meta.url).pathname;
  const readMade = () =>
    store.database.query<Room>('SELECT * FROM views_g2.room_view').catch((): readonly Room[] => []);
  const takes = async () => {
    const [row] = await store.database.query<{ takes: number }>(
      'SELECT takes FROM consumer_generations WHERE generation = 2',
    );
    return row?.takes;
  };

  it('is taken up again by another member when its process is killed', async () => {
    const one = await start();
    await publish(30);
    await shows(one, 30);
    dying = spawn(process.execPath, [DYING, store.url], { stdio: 'inherit' });
    await waitFor(async () => (await readMade()).length === 15, {
      withinMs: 60_000,
      what: 'half of a rebuild',
    });
    expect(await one.rebuilding.standing()).toMatchObject({ state: 'running', generation: 2 });
    dying.kill('SIGKILL');
    await publish(5);
    await stateIs(one, 'done');
    expect(await one.rebuilding.standing()).toMatchObject({ serving: 2, ...by });
    expect(await takes()).toBe(2);
    await shows(one, 35);
  }, 120_000);

  it('is gone on with when its member is stopped, or had to wait for the log', async () => {
    const [one, other] = [await start(), await start()];
    const held = await beginHeld(one);
    const stopped = one.stop();
    held.reject(new NovaError(errors.CONSUMER_NOT_OPEN, { consumer: 'views' }));
    await stopped;
    await waitFor(() => other.status().trouble !== undefined, {
      withinMs: 30_000,
      what: 'trouble with the log',
    });
    expect((await other.rebuilding.standing()).state).toBe('running');
    gate = Promise.resolve();
    await stateIs(other, 'done');
    await waitFor(() => other.status().trouble === undefined, {
      withinMs: 30_000,
      what: 'no trouble',
    });
    // Neither was a death.
    expect(await takes()).toBe(1);
    await shows(other, 10);
  }, 120_000);

  it.each([
    ['kills whoever takes it', 'takes = 10', '10 processes died over it'],
    ['is for other views', "definition_hash = 'another'", 'it was begun for other views'],
  ])(
    'is given up when it %s',
    async (_, change, failure) => {
      const [one, other] = [await start(), await start()];
      const held = await beginHeld(one);
      await store.database.query(
        `UPDATE consumer_generations SET taken_by = 'one that is dead', taken_until = NULL, ${change}
       WHERE generation = 2`,
      );
      await stateIs(other, 'failed');
      held.resolve();
      const standing = await other.rebuilding.standing();
      expect(standing).toMatchObject({ serving: 1, failure: expect.stringContaining(failure) });
      await publish(5);
      await shows(one, 15);
    },
    60_000,
  );
});
