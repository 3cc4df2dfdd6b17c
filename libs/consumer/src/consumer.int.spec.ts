import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { consumerMigrations, createConsumer } from './index.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, type Room, rooms } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
});
afterAll(() => store.drop());

describe('createConsumer', () => {
  it('shows an event that is appended and published', async () => {
    const topics = new MemoryTopics();
    const source = new MemorySource(topics);
    const log = outboxLog(store.database);
    const consumer = createConsumer({
      definition: { service: 'spec', name: 'views', views: [rooms, members], effects: [] },
      database: store.database,
      source,
      log,
      logger: silentLogger,
    });
    await consumer.start();
    await waitFor(() => consumer.status().phase === 'running', { withinMs: 5000, what: 'a start' });
    const id = crypto.randomUUID();
    const events = await appendAll(store.database, [
      newEvent('conversation_created', id, { kind: 'group', creator_id: id, name: 'here' }),
      newEvent('member_added', id, { user_id: id }),
      newEvent('message_created', id, { message_id: id, sender_id: id, content: 'hello' }),
    ]);
    for (const event of events) topics.publish(event);
    await waitFor(() => consumer.status().appliedTotal === 3, {
      withinMs: 5000,
      what: 'all applied',
    });
    const [row] = await consumer.read((views) => views.query<Room>('SELECT * FROM room_view'));
    expect(row?.story).toEqual(['conversation_created 1', 'member_added 2', 'message_created 3']);
    expect(consumer.status()).toMatchObject({ phase: 'running', lagEvents: 0 });
    expect(log.reads.aggregates).toBe(0);
    await consumer.stop();
  });
});
