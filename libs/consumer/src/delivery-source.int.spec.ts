import { afterAll } from '@jest/globals';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { randomName, readyTopics, testKafka, waitFor } from '@nova/testkit';
import { deliverySourceConformance, MemorySource, MemoryTopics } from './testing.ts';

const { brokers } = await testKafka();
const value = Buffer.from('{}');
const closing: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
});

for (const driver of ['kafkajs', 'platformatic'] as const) {
  const kafka = openKafka({ brokers, clientId: `spec-${driver}`, logger: silentLogger, driver });
  const publisher = kafka.publisher();
  closing.push(() => publisher.stop().then(() => kafka.admin().close()));

  deliverySourceConformance(
    `libs/kafka over ${driver}`,
    async () => {
      const topic = randomName('nova_events_s');
      await readyTopics(kafka.admin(), [{ topic, partitions: 2 }]);
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
}

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
