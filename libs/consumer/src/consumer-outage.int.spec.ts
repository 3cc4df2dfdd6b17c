import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import {
  type PrivatePostgres,
  privatePostgres,
  type TestDatabase,
  testDatabase,
  waitFor,
} from '@nova/testkit';
import { consumerMigrations, createConsumer } from './index.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { type Room, rooms } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let server: PrivatePostgres;
let views: TestDatabase;
let logStore: TestDatabase;

beforeAll(async () => {
  server = await privatePostgres();
  views = await testDatabase({
    migrations: [{ owner: 'consumer', dir: consumerMigrations }],
    on: server,
    statementTimeoutMs: 1500,
  });
  logStore = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
}, 60_000);
afterAll(async () => {
  await logStore.drop();
  await views.database.close();
  await server.remove();
});

describe('a consumer whose database is killed and paused', () => {
  it('stays in its group, burns no attempt and applies each event once', async () => {
    const topics = new MemoryTopics();
    const source = new MemorySource(topics, 10);
    const consumer = createConsumer({
      definition: { service: 'spec', name: 'views', views: [rooms], effects: [] },
      database: views.database,
      source,
      log: outboxLog(logStore.database),
      logger: silentLogger,
      settings: { bufferEvents: 100 },
    });
    await consumer.start();
    await waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
    const ids = Array.from({ length: 10 }, () => crypto.randomUUID());
    const events = await appendAll(
      logStore.database,
      Array.from({ length: 1500 }, (_, index) => {
        const id = ids[index % ids.length] ?? '';
        return newEvent('message_created', id, { message_id: id, sender_id: id, content: 'x' });
      }),
    );
    const publish = (from: number, to: number) => {
      for (const event of events.slice(from, to)) topics.publish(event);
    };
    const paused = () =>
      waitFor(() => consumer.status().phase === 'paused', { withinMs: 15_000, what: 'a pause' });
    publish(0, 500);
    await server.kill();
    publish(500, 800);
    await paused();
    await server.restart();
    publish(800, 1000);
    await waitFor(() => consumer.status().phase === 'running', { withinMs: 15_000, what: 'work' });
    server.pause();
    publish(1000, 1500);
    await paused();
    server.resume();
    const counts = () =>
      consumer.read((tx) => tx.query<Room>('SELECT * FROM room_view ORDER BY conversation_id'));
    const rows = await waitFor(
      async () => {
        const found = await counts();
        return found.reduce((sum, { messages }) => sum + messages, 0) === 1500 && found;
      },
      { withinMs: 20_000, what: 'all events' },
    );
    for (const { story } of rows) {
      expect(story).toEqual(story.map((_, index) => `message_created ${index + 1}`));
    }
    expect(source.opened).toBe(1);
    expect(await views.database.query('SELECT 1 FROM parked_events')).toEqual([]);
    await consumer.stop();
  }, 90_000);
});
