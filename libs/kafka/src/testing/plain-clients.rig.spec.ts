import { randomName } from '@nova/testkit';
import { Consumer, Producer } from '@platformatic/kafka';
import { Kafka as Kafkajs } from 'kafkajs';
import { until } from './each-driver.rig.spec.ts';

/** The clients in the way that their documentation shows, to see what the seam spares us. */
export function plainKafkajs(brokers: readonly string[], requestTimeout = 30_000): Kafkajs {
  return new Kafkajs({ brokers: [...brokers], clientId: 'plain', logLevel: 0, requestTimeout });
}

export function plainProducer(brokers: readonly string[]): Producer {
  return new Producer({ clientId: 'plain', bootstrapBrokers: [...brokers], idempotent: true });
}

export function plainConsumer(brokers: readonly string[], groupId: string): Consumer {
  return new Consumer({
    clientId: 'plain',
    bootstrapBrokers: [...brokers],
    groupId,
    sessionTimeout: 6000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 1500,
  });
}

/** A message of either client, whose key is its number. */
export const message = (number: number, partition: number, bytes = 10) => ({
  partition,
  key: String(number),
  value: Buffer.alloc(bytes, 97).toString(),
});

/** The same for @platformatic/kafka. */
export const messageTo = (topic: string, number: number, partition: number) => ({
  topic,
  partition,
  key: Buffer.from(String(number)),
  value: Buffer.from('{}'),
});

/** Chooses the partition that the message names. */
export const asTold =
  () =>
  ({ message: { partition = 0 } }: { message: { partition?: number } }) =>
    partition;

/** Makes a topic whose partitions are on these brokers, one copy each. */
export async function placedTopic(
  brokers: readonly string[],
  nodes: readonly number[],
): Promise<string> {
  const topic = randomName('nova_events_m');
  const admin = plainKafkajs(brokers).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: false,
    topics: [
      {
        topic,
        replicaAssignment: nodes.map((node, partition) => ({ partition, replicas: [node] })),
      },
    ],
  });
  await until('its leaders', async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.every(({ leader }, index) => leader === nodes[index]) === true;
  });
  await admin.disconnect();
  return topic;
}
