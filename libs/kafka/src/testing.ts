import { silentLogger } from '@nova/telemetry';
import { Kafka as Kafkajs } from 'kafkajs';
import type { PartitionAnswer } from './answer.ts';
import type { ProducerSession } from './driver.ts';
import { loadDriver } from './load-driver.ts';
import { defaults } from './options.ts';
import { type KafkaPublisher, SinglePartitionPublisher } from './publisher.ts';
import type { KafkaBatch } from './record.ts';
import { type PartitionCounts, TopicDirectory } from './topic-directory.ts';

const REQUEST_TIMEOUT_MS = 10_000;

/** For specs: has the broker delete every record that a topic holds now; resolves with how many. */
export async function deleteRecords(brokers: readonly string[], topic: string): Promise<number> {
  const options = { ...defaults, brokers, clientId: 'spec', logger: silentLogger };
  const admin = (await loadDriver(options.driver)).openAdmin(options, REQUEST_TIMEOUT_MS);
  try {
    await admin.connect();
    const bounds = await admin.bounds([topic]);
    const ends = [...bounds].map(([key, { end }]): [number, bigint] => [
      Number(key.slice(key.lastIndexOf(':') + 1)),
      end,
    ]);
    await admin.deleteRecords(topic, new Map(ends));
    return [...bounds.values()].reduce((count, { begin, end }) => count + Number(end - begin), 0);
  } finally {
    await admin.close().catch(() => {});
    admin.cut();
  }
}

/** For specs: changes settings of a topic, as an operator would. */
export async function configureTopic(
  brokers: readonly string[],
  topic: string,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  const admin = new Kafkajs({ brokers: [...brokers], clientId: 'spec', logLevel: 0 }).admin();
  await admin.connect();
  try {
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: 2, // a topic
          name: topic,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        },
      ],
    });
  } finally {
    await admin.disconnect();
  }
}

/**
 * For specs: makes a topic whose partitions lie on these brokers of a cluster, one copy each, and
 * resolves when they lead them.
 */
export async function placeTopic(
  brokers: readonly string[],
  topic: string,
  nodes: readonly number[],
): Promise<void> {
  const admin = new Kafkajs({ brokers: [...brokers], clientId: 'spec', logLevel: 0 }).admin();
  await admin.connect();
  try {
    const replicaAssignment = nodes.map((node, partition) => ({ partition, replicas: [node] }));
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, replicaAssignment }] });
  } finally {
    await admin.disconnect();
  }
}

/** How a broker in memory takes a batch: resolves with its answer, or rejects. */
export type TakeBatch = (batch: KafkaBatch) => Promise<readonly PartitionAnswer[]>;

/** For specs: the publisher as it is, over producers that send to `take`. */
export function publisherOver(take: TakeBatch, partitions: PartitionCounts): KafkaPublisher {
  const open = (): Promise<ProducerSession> => {
    let isUsable = true;
    return Promise.resolve({
      nextOffsets: new Map(),
      get isUsable() {
        return isUsable;
      },
      send: (batch) => take(batch),
      retire() {
        isUsable = false;
      },
      close: () => Promise.resolve(),
    });
  };
  const options = { ...defaults, brokers: ['memory:1'], clientId: 'spec', logger: silentLogger };
  const directory = new TopicDirectory(() => Promise.resolve(partitions));
  return new SinglePartitionPublisher(options, directory, open);
}
