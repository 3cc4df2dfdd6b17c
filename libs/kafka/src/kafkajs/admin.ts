import kafkajs, { type Admin } from 'kafkajs';
import type { AdminSession, TopicDefinition } from '../driver.ts';
import type { CompleteOptions } from '../options.ts';
import type { PartitionBounds } from '../partition-bounds.ts';
import { partitionKey, type TopicPartition } from '../seam.ts';
import type { PartitionCounts } from '../topic-directory.ts';
import { type Client, openClient } from './client.ts';
import { topicOffsets } from './topic-offsets.ts';

/** Offsets of this many topics are asked for at a time. */
const TOPICS_AT_ONCE = 16;

/** The admin of kafkajs on a client of its own. */
export class KafkajsAdmin implements AdminSession {
  readonly #client: Client;
  readonly #admin: Admin;

  constructor(options: CompleteOptions, requestTimeoutMs: number) {
    this.#client = openClient(options, requestTimeoutMs);
    this.#admin = this.#client.kafka.admin({ retry: { retries: 5 } });
  }

  connect(): Promise<void> {
    return this.#admin.connect();
  }

  async partitionCounts(): Promise<PartitionCounts> {
    const { topics } = await this.#admin.fetchTopicMetadata();
    return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
  }

  async ping(topic: string): Promise<void> {
    await this.#admin.fetchTopicMetadata({ topics: [topic] });
  }

  async createTopics(definitions: readonly TopicDefinition[], timeoutMs: number): Promise<void> {
    await this.#admin.createTopics({
      // kafkajs takes a broker that does not know the topics yet for a failure.
      waitForLeaders: false,
      timeout: timeoutMs,
      topics: definitions.map(({ topic, partitions, replicationFactor, config }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
  }

  async bounds(topics: readonly string[]): Promise<ReadonlyMap<string, PartitionBounds>> {
    const bounds = new Map<string, PartitionBounds>();
    for (let at = 0; at < topics.length; at += TOPICS_AT_ONCE) {
      const group = topics.slice(at, at + TOPICS_AT_ONCE);
      const found = await Promise.all(group.map((topic) => topicOffsets(this.#admin, topic)));
      for (const [index, offsets] of found.entries()) {
        const topic = group[index] ?? '';
        for (const { partition, low, high } of offsets) {
          const begin = BigInt(low);
          const end = BigInt(high);
          bounds.set(partitionKey({ topic, partition }), { begin, end });
        }
      }
    }
    return bounds;
  }

  async offsetAt(
    { topic, partition }: TopicPartition,
    timestampMs: number,
  ): Promise<bigint | undefined> {
    const found = await this.#admin.fetchTopicOffsetsByTimestamp(topic, timestampMs);
    const offset = found.find((one) => one.partition === partition)?.offset;
    return offset === undefined ? undefined : BigInt(offset);
  }

  async retentionMs(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (topics.length === 0) return new Map();
    const { resources } = await this.#admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        configNames: ['retention.ms'],
      })),
    });
    return new Map(
      resources.flatMap(({ resourceName, configEntries }) => {
        const entry = configEntries.find(({ configName }) => configName === 'retention.ms');
        return entry === undefined ? [] : [[resourceName, Number(entry.configValue)]];
      }),
    );
  }

  async deleteRecords(topic: string, before: ReadonlyMap<number, bigint>): Promise<void> {
    // kafkajs deletes only of topics that it was asked about before.
    await this.#admin.fetchTopicOffsets(topic);
    await this.#admin.deleteTopicRecords({
      topic,
      partitions: [...before].map(([partition, offset]) => ({
        partition,
        offset: offset.toString(),
      })),
    });
  }

  async close(): Promise<void> {
    await this.#admin.disconnect();
  }

  cut(): void {
    this.#client.cut();
  }
}
