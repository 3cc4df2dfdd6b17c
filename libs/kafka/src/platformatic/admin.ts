import { Admin, ConfigResourceTypes, ListOffsetTimestamps } from '@platformatic/kafka';
import type { AdminSession, TopicDefinition } from '../driver.ts';
import type { CompleteOptions } from '../options.ts';
import type { PartitionBounds } from '../partition-bounds.ts';
import { partitionKey, type TopicPartition } from '../seam.ts';
import type { PartitionCounts } from '../topic-directory.ts';
import { clientOptions, cutClient } from './client.ts';

const LIST_ATTEMPTS = 3;

/** The admin of @platformatic/kafka. It connects with its first request. */
export class PlatformaticAdmin implements AdminSession {
  readonly #admin: Admin;

  constructor(options: CompleteOptions, requestTimeoutMs: number) {
    this.#admin = new Admin(clientOptions(options, requestTimeoutMs));
  }

  async connect(): Promise<void> {
    await this.#admin.listApis();
  }

  async partitionCounts(): Promise<PartitionCounts> {
    for (let attempt = 1; ; attempt += 1) {
      const topics = await this.#admin.listTopics();
      try {
        return await this.#countsOf(topics);
      } catch (thrown) {
        // One of them was deleted in between.
        if (attempt >= LIST_ATTEMPTS) throw thrown;
      }
    }
  }

  async ping(topic: string): Promise<void> {
    await this.#countsOf([topic]);
  }

  async createTopics(definitions: readonly TopicDefinition[]): Promise<void> {
    // One request takes the same settings for all its topics.
    const groups = new Map<string, TopicDefinition[]>();
    for (const definition of definitions) {
      const key = JSON.stringify(definition.config);
      groups.set(key, [...(groups.get(key) ?? []), definition]);
    }
    for (const group of groups.values()) {
      await this.#admin.createTopics({
        topics: group.map(({ topic, partitions, replicationFactor }) => ({
          topic,
          partitions,
          replicas: replicationFactor,
        })),
        configs: Object.entries(group[0]?.config ?? {}).map(([name, value]) => ({ name, value })),
      });
    }
  }

  async bounds(topics: readonly string[]): Promise<ReadonlyMap<string, PartitionBounds>> {
    if (topics.length === 0) return new Map();
    const counts = await this.#countsOf(topics);
    const begins = await this.#offsets(counts, ListOffsetTimestamps.EARLIEST);
    const ends = await this.#offsets(counts, ListOffsetTimestamps.LATEST);
    return new Map([...ends].map(([key, end]) => [key, { begin: begins.get(key) ?? end, end }]));
  }

  async offsetAt(
    { topic, partition }: TopicPartition,
    timestampMs: number,
  ): Promise<bigint | undefined> {
    const counts = await this.#countsOf([topic]);
    const key = partitionKey({ topic, partition });
    const offset = (await this.#offsets(counts, BigInt(timestampMs))).get(key);
    if (offset === undefined || offset >= 0n) return offset;
    return (await this.#offsets(counts, ListOffsetTimestamps.LATEST)).get(key);
  }

  async retentionMs(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (topics.length === 0) return new Map();
    const found = await this.#admin.describeConfigs({
      resources: topics.map((resourceName) => ({
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName,
        configurationKeys: ['retention.ms'],
      })),
    });
    return new Map(
      found.flatMap(({ resourceName, configs }) => {
        const entry = configs.find(({ name }) => name === 'retention.ms');
        return entry === undefined ? [] : [[resourceName, Number(entry.value)]];
      }),
    );
  }

  async deleteRecords(topic: string, before: ReadonlyMap<number, bigint>): Promise<void> {
    const partitions = [...before].map(([partition, offset]) => ({ partition, offset }));
    await this.#admin.deleteRecords({ topics: [{ name: topic, partitions }] });
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  cut(): void {
    cutClient(this.#admin, () => this.#admin.close());
  }

  async #countsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const metadata = await this.#admin.metadata({ topics: [...topics], forceUpdate: true });
    return new Map(
      topics.map((topic) => [topic, metadata.topics.get(topic)?.partitionsCount ?? 0]),
    );
  }

  async #offsets(
    counts: ReadonlyMap<string, number>,
    timestamp: bigint,
  ): Promise<Map<string, bigint>> {
    const found = await this.#admin.listOffsets({
      topics: [...counts].map(([name, partitions]) => ({
        name,
        partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
          partitionIndex,
          timestamp,
        })),
      })),
    });
    return new Map(
      found.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, offset }): [string, bigint] => [
          partitionKey({ topic: name, partition: partitionIndex }),
          offset,
        ]),
      ),
    );
  }
}
