import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import type { Consumer } from './consumer.ts';
import { consumerMigrations, createConsumer } from './index.ts';
import { appendAll, newEvent, type OutboxLog, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, POISON, rooms } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

const ROOM = crypto.randomUUID();
const USERS = [crypto.randomUUID(), crypto.randomUUID()] as const;
const room = { aggregateType: 'conversation', aggregateId: ROOM };
const key = { conversation_id: ROOM };
const seat = (user_id: string) => ({ ...key, user_id });

let store: TestDatabase;
let log: OutboxLog;
let consumer: Consumer;
const topics = new MemoryTopics();

function makeConsumer(name = 'views'): Consumer {
  return createConsumer({
    definition: { service: 'spec', name, views: [rooms, members], effects: [] },
    database: store.database,
    source: new MemorySource(topics, 10),
    log,
    logger: silentLogger,
  });
}

const tell = (...events: [type: string, payload: object][]) =>
  appendAll(
    store.database,
    events.map(([type, payload]) => newEvent(type, ROOM, payload)),
  );

const message = (content: string) => ({
  message_id: crypto.randomUUID(),
  sender_id: USERS[0],
  content,
});

beforeAll(async () => {
  store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
  log = outboxLog(store.database);
  consumer = makeConsumer();
  await consumer.start();
  await waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
  // What is not published stays in the log alone.
  for (const event of await tell(['member_added', { user_id: USERS[0] }])) topics.publish(event);
  await waitFor(() => consumer.status().appliedTotal === 1, { withinMs: 8000, what: 'one event' });
}, 60_000);
afterAll(async () => {
  await consumer.stop();
  await store.drop();
});

const basisOf = (user: string = USERS[1]) =>
  consumer.basis({
    aggregates: [room],
    rows: [
      { view: rooms, key },
      { view: members, key: seat(user) },
    ],
  });

describe('the basis of a decision', () => {
  it('is rows and marks of one moment, and follows what is folded onto it', async () => {
    const basis = await basisOf();
    expect(basis.markOf(room)).toMatchObject({ version: 1n, isParked: false, isLost: false });
    expect(basis.row(rooms, key)).toMatchObject({ story: ['member_added 1'] });
    expect(basis.row(members, seat(USERS[1]))).toBeUndefined();
    const [added, said, removed] = await tell(
      ['member_added', { user_id: USERS[1] }],
      ['message_created', message('hello')],
      ['member_removed', { user_id: USERS[0] }],
    );
    if (added === undefined || said === undefined || removed === undefined) throw new Error('none');
    basis.fold(added);
    basis.fold(added);
    expect(basis.row(members, seat(USERS[1]))).toMatchObject({ since_version: 2 });
    expect(basis.row(rooms, key)).toMatchObject({ story: ['member_added 1', 'member_added 2'] });
    // Of the types that were asked for, the log answers no other: versions may be left out.
    basis.fold(removed);
    expect(basis.markOf(room)).toMatchObject({ ...removed.position, version: 4n });
    basis.fold(said);
    expect(basis.row(rooms, key)).toMatchObject({ messages: 0 });
    const { story } = (await consumer.read((views) => views.query('TABLE room_view')))[0] as {
      readonly story: readonly string[];
    };
    expect(story).toEqual(['member_added 1']);
  });

  it('has only what was asked for', async () => {
    const basis = await basisOf();
    expect(() => basis.row(members, seat(USERS[0]))).toThrow(TypeError);
    expect(() => basis.markOf({ ...room, aggregateId: USERS[0] })).toThrow(TypeError);
    const [removed] = await tell(['member_removed', { user_id: USERS[0] }]);
    if (removed === undefined) throw new Error('none');
    basis.fold(removed);
    expect(() => basis.row(members, seat(USERS[0]))).toThrow(TypeError);
  });

  it('keeps its rows when an event cannot be folded', async () => {
    const basis = await basisOf();
    const before = basis.row(rooms, key);
    const [poison] = await tell(['message_created', message(POISON)]);
    if (poison === undefined) throw new Error('none');
    expect(() => basis.fold(poison)).toThrow('poisoned');
    expect(basis.row(rooms, key)).toEqual(before);
    expect(basis.markOf(room).version).toBe(1n);
  });
});

describe('a consumer that starts while the log is away', () => {
  it('answers from the views that it has', async () => {
    await consumer.stop();
    log.isAway = true;
    consumer = makeConsumer();
    await consumer.start();
    expect(consumer.status()).toMatchObject({ generation: 1, trouble: 'the log is away' });
    expect((await basisOf()).row(rooms, key)).toMatchObject({ story: ['member_added 1'] });
    const isNew = makeConsumer('others');
    await isNew.start();
    await expect(isNew.read((views) => views.query('TABLE room_view'))).rejects.toMatchObject({
      code: 'NOVA_CONSUMER_NOT_OPEN',
    });
    await isNew.stop();
    log.isAway = false;
    await waitFor(() => consumer.status().phase === 'running', { withinMs: 9000, what: 'work' });
  }, 20_000);
});
