import { randomUUID } from 'node:crypto';
import { DEFAULT_PARTITIONS, topicOf } from '@nova/events';
import { type Kafka, openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import type { BenchServers } from '../harness/servers.ts';
import { Oracle, type Verdict } from './oracle.ts';
import { READ_WITHIN_MS, readTopics } from './read-topics.ts';
import { typesOf, type Workload } from './workload.ts';

/** The topics of a workload. */
export function topicsOf(workload: Pick<Workload, 'suffix'>): readonly string[] {
  return typesOf(workload).map(topicOf);
}

/** The topics of workloads without a suffix: as in life, one per event type, with 8 partitions. */
export const benchTopics: readonly string[] = topicsOf({});

const typeByTopic = new Map(typesOf({}).map((type) => [topicOf(type), type]));
/** Longer than any turn; segments small enough to go in time. */
const RETENTION_MS = String(15 * 60_000);
const SEGMENT_BYTES = String(16 * 1024 * 1024);

type See = (topic: string, key: string | undefined, value: Uint8Array | undefined) => void;

/** The topics of a run, and how far the oracle has read them. */
export class TopicsUnderTest {
  readonly #kafka: Kafka;
  readonly #offsets = new Map<string, bigint>();

  private constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  /** Makes them where they are missing. */
  static async open({ kafka: { brokers } }: BenchServers): Promise<TopicsUnderTest> {
    // Whatever driver is measured, this one reads quicker.
    const driver = 'platformatic';
    const kafka = openKafka({ brokers, clientId: 'oracle', logger: silentLogger, driver });
    const topics = new TopicsUnderTest(kafka);
    await topics.ensure(benchTopics);
    return topics;
  }

  /** Makes further topics. */
  async ensure(
    topics: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const config = { 'retention.ms': RETENTION_MS, 'segment.bytes': SEGMENT_BYTES, ...more };
    const specs = topics.map((topic) => ({ topic, partitions: DEFAULT_PARTITIONS, config }));
    await this.#kafka.admin().ensureTopics(specs);
  }

  /**
   * Reads all that has come since the last time and judges it.
   *
   * @throws Error when the topics cannot be read to their end in five minutes.
   */
  async judge(workload: Workload): Promise<Verdict> {
    const oracle = new Oracle(workload);
    await this.#readNew((topic, key, value) => {
      oracle.see(typeByTopic.get(topic) ?? topic, key ?? '', value ?? new Uint8Array());
    });
    return oracle.verdict();
  }

  /** Leaves out what a scenario that broke off has left behind. */
  async skip(): Promise<void> {
    await this.#readNew(() => {});
  }

  /** How many records a topic has, of which none was ever deleted. */
  async count(topic: string): Promise<number> {
    const member = await this.#kafka.source().open({
      groupId: `oracle-${randomUUID()}`,
      topics: [topic],
      startAt: () => Promise.resolve(new Map()),
      deliver: () => Promise.resolve(),
      revoked: () => {},
    });
    try {
      const giveUpAt = performance.now() + READ_WITHIN_MS;
      for (;;) {
        const ends = await member.endOffsets().catch(() => new Map<string, bigint>());
        if (ends.size === DEFAULT_PARTITIONS) {
          return [...ends.values()].reduce((sum, end) => sum + Number(end), 0);
        }
        if (performance.now() > giveUpAt) throw new Error(`${topic} cannot be looked at`);
        await sleep(20);
      }
    } finally {
      await member.stop();
    }
  }

  /** By `topic:partition`, the offset after the last record that was judged. */
  offsets(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#offsets].map(([key, offset]) => [key, String(offset)]));
  }

  async close(): Promise<void> {
    await this.#kafka.admin().close();
  }

  #readNew(see: See): Promise<void> {
    return readTopics(this.#kafka, benchTopics, this.#offsets, (topic, { key, value }) =>
      see(topic, key, value),
    );
  }
}
