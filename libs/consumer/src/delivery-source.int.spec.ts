import { afterAll } from '@jest/globals';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { randomName, testKafka, waitFor } from '@nova/testkit';
import { deliverySourceConformance, MemorySource, MemoryTopics } from './testing.ts';

const { brokers } = await testKafka();
const kafka = openKafka({ brokers, clientId: 'spec', logger: silentLogger });
const publisher = kafka.publisher();
const value = Buffer.from('{}');

afterAll(async () => {
  await publisher.stop();
  await kafka.admin().close();
});

deliverySourceConformance(
  'libs/kafka',
  async () => {
    const topic = randomName('nova_events_s');
    await kafka.admin().ensureTopics([{ topic, partitions: 2 }]);
    return {
      source: kafka.source(),
      topic,
      partitions: 2,
      publish: (partition, keys) =>
        publisher.publish({
          topic,
          partition,
          records: keys.map((key) => ({ key, value, headers: {} })),
        }),
    };
  },
  waitFor,
);

deliverySourceConformance(
  'the source in memory',
  async () => {
    const topic = randomName('nova_events_s');
    const topics = new MemoryTopics(2);
    return {
      source: new MemorySource(topics),
      topic,
      partitions: 2,
      async publish(partition, keys) {
        for (const key of keys) topics.append({ topic, partition }, { key, value, headers: {} });
      },
    };
  },
  waitFor,
);
