import { topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import {
  createRelay,
  type EventPublisher,
  type NewEvent,
  outboxMigrations,
  WAKE_CHANNEL,
} from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { privateKafka, randomName, readyTopics, testDatabase, waitFor } from '@nova/testkit';
import { consumerMigrations } from '../index.ts';
import { appendAll } from './outbox-log.rig.spec.ts';

const PARTITIONS = 4;
const TYPES = ['conversation_created', 'member_added', 'member_removed', 'message_created'];

/** Everything between an append and a consumer, for real: log, relay, a broker of its own. */
export async function kafkaStack() {
  const server = await privateKafka();
  const store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
  const { database } = store;
  const kafka = openKafka({ brokers: server.brokers, clientId: 'spec', logger: silentLogger });
  const specs = TYPES.map((type) => ({ topic: topicOf(type), partitions: PARTITIONS }));
  await readyTopics(kafka.admin(), specs);
  const publisher = kafka.publisher();
  const withheld = new Map<string, PromiseWithResolvers<void>>();
  const withholding: EventPublisher = {
    async publish(batch) {
      await withheld.get(batch.topic)?.promise;
      await publisher.publish(batch);
    },
    refusalIn: (thrown) => publisher.refusalIn(thrown),
    partitionsOf: (topic) => publisher.partitionsOf(topic),
  };
  const relay = createRelay({
    database,
    publisher: withholding,
    relayId: randomName('relay'),
    logger: silentLogger,
  });
  await relay.start();
  return {
    brokers: server.brokers,
    database,
    kafka,
    /** Appends, and lets the relay know as events-service does. */
    async append(events: readonly NewEvent[]) {
      const stored = await appendAll(database, events);
      await database.notify(WAKE_CHANNEL);
      return stored;
    },
    /** Resolves when the relay has published everything. */
    published: () =>
      waitFor(
        async () => {
          const [row] = await database.query<{ behind: boolean }>(
            `SELECT min(position) < (SELECT last_position FROM outbox_log) AS behind
             FROM outbox_lanes`,
          );
          return row?.behind === false;
        },
        { withinMs: 10_000, what: 'the relay to be done' },
      ),
    /** Keeps the records of a topic from the broker until the returned function is called. */
    withhold(topic: string): () => void {
      const gate = Promise.withResolvers<void>();
      withheld.set(topic, gate);
      return () => {
        withheld.delete(topic);
        gate.resolve();
      };
    },
    async remove() {
      for (const gate of withheld.values()) gate.resolve();
      await relay.stop();
      await publisher.stop();
      await kafka.admin().close();
      await store.drop();
      await server.remove();
    },
  };
}
