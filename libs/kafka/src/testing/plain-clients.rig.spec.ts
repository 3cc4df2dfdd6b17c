import { randomName } from '@nova/testkit';
import type { Consumer, Producer } from '@platformatic/kafka';
import type { Kafka } from 'kafkajs';
import { until } from './each-driver.rig.spec.ts';
import { kafkajs, platformatic } from './published-clients.rig.spec.ts';

/** What kafkajs documents as its defaults; where NODE_ENV is test, as here, it has others (K25). */
const retry = {
  initialRetryTime: 300,
  maxRetryTime: 30_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
};

/** The clients as they are published, used as their documentation shows: what the seam spares us. */
export function plainKafkajs(brokers: readonly string[]): Kafka {
  return new kafkajs.Kafka({ brokers: [...brokers], clientId: 'plain', logLevel: 0, retry });
}

export function plainProducer(brokers: readonly string[]): Producer {
  const options = { clientId: 'plain', bootstrapBrokers: [...brokers], idempotent: true };
  return new platformatic.Producer(options);
}

export function plainConsumer(brokers: readonly string[], groupId: string): Consumer {
  return new platformatic.Consumer({
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

/** Has the coordinator forget every member of a group, as when they did not answer for a while. */
export async function removeMembers(brokers: readonly string[], groupId: string): Promise<void> {
  const admin = new platformatic.Admin({ clientId: 'plain', bootstrapBrokers: [...brokers] });
  await admin.removeMembersFromConsumerGroup({ groupId });
  await admin.close();
}
