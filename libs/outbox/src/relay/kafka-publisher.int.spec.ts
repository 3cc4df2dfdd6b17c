import { afterAll, beforeAll } from '@jest/globals';
import { type Kafka, type KafkaPublisher, openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { randomName, readyTopics, testKafka } from '@nova/testkit';
import { kcat } from '../../fixtures/kcat.ts';
import { eventPublisherConformance } from '../testing/event-publisher.conformance.ts';

let brokers: readonly string[];
let kafka: Kafka;
let publisher: KafkaPublisher;

beforeAll(async () => {
  ({ brokers } = await testKafka());
  kafka = openKafka({ brokers, clientId: 'conformance', logger: silentLogger });
  publisher = kafka.publisher();
  await publisher.start();
}, 60_000);

afterAll(async () => {
  await publisher.stop();
  await kafka.admin().close();
});

eventPublisherConformance('Kafka', () =>
  Promise.resolve({
    publisher,
    missingTopic: randomName('nova_events_missing'),
    async newTopic(partitions) {
      const topic = randomName('nova_events_made');
      await readyTopics(kafka.admin(), [{ topic, partitions }]);
      return topic;
    },
    read: async (topic, partition) =>
      (await kcat(brokers, topic, partition)).map(({ key, value, headers }) => ({
        key,
        value,
        headers,
      })),
  }),
);
