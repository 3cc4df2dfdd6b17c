import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DEFAULT_PARTITIONS,
  partitionOf,
  recordHeaders,
  type StoredEvent,
  topicOf,
} from '@nova/events';
import { openKafka } from '@nova/kafka';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import {
  randomName,
  readyTopics,
  type TestDatabase,
  testDatabase,
  testKafka,
  waitFor,
} from '@nova/testkit';
import { consumerMigrations, createConsumer } from './index.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, type Room, rooms } from './testing/rooms.ts';

// Other specs have these topics too.
const PARTITIONS = DEFAULT_PARTITIONS;
const TYPES = ['conversation_created', 'member_added', 'member_removed', 'message_created'];
const { brokers } = await testKafka();
const kafka = openKafka({ brokers, clientId: 'spec', logger: silentLogger });
const publisher = kafka.publisher();
let store: TestDatabase;

beforeAll(async () => {
  store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
  const specs = TYPES.map((type) => ({ topic: topicOf(type), partitions: PARTITIONS }));
  await readyTopics(kafka.admin(), specs);
});
afterAll(async () => {
  await publisher.stop();
  await kafka.admin().close();
  await store.drop();
});

async function publish(events: readonly StoredEvent[]): Promise<void> {
  const batches = new Map<string, StoredEvent[]>();
  for (const event of events) {
    const key = `${event.eventType} ${partitionOf(event.aggregateId, PARTITIONS)}`;
    batches.set(key, [...(batches.get(key) ?? []), event]);
  }
  const sends = [...batches.values()].map((batch) => {
    const [first] = batch;
    return publisher.publish({
      topic: topicOf(first?.eventType ?? ''),
      partition: partitionOf(first?.aggregateId ?? '', PARTITIONS),
      records: batch.map((event) => ({
        key: event.aggregateId,
        value: event.payload,
        headers: recordHeaders(event),
      })),
    });
  });
  await Promise.all(sends);
}

describe('a consumer of a real broker', () => {
  it('applies each event once and in order, over a restart, and soon', async () => {
    const log = outboxLog(store.database);
    const name = randomName('views');
    const open = () =>
      createConsumer({
        definition: { service: 'spec', name, views: [rooms, members], effects: [] },
        database: store.database,
        source: kafka.source(),
        log,
        logger: silentLogger,
      });
    const ids = Array.from({ length: 20 }, () => crypto.randomUUID());
    const make = () =>
      appendAll(
        store.database,
        ids.flatMap((id) => [
          newEvent('member_added', id, { user_id: crypto.randomUUID() }),
          ...Array.from({ length: 8 }, () =>
            newEvent('message_created', id, { message_id: id, sender_id: id, content: 'x' }),
          ),
          newEvent('conversation_created', id, { kind: 'group', creator_id: id, name: 'here' }),
        ]),
      );
    const first = open();
    await first.start();
    await waitFor(() => first.status().phase === 'running', { withinMs: 30_000, what: 'a start' });
    const one = await make();
    await publish(one);
    await waitFor(() => first.status().appliedTotal === one.length, {
      withinMs: 20_000,
      what: 'the first part',
    });
    await first.stop();
    const two = await make();
    await publish(two);
    const second = open();
    await second.start();
    await waitFor(() => second.status().appliedTotal === two.length, {
      withinMs: 30_000,
      what: 'the second part',
    });
    const stories = await second.read((views) => views.query<Room>('SELECT * FROM room_view'));
    const all = [...one, ...two];
    for (const { conversation_id: id, story } of stories) {
      const own = all.filter(({ aggregateId }) => aggregateId === id);
      expect(story).toEqual(own.map((event) => `${event.eventType} ${event.aggregateVersion}`));
    }
    expect(stories).toHaveLength(ids.length);
    await second.stop();
  });
});
