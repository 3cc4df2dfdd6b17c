import { randomUUID } from 'node:crypto';
import { DEFAULT_PARTITIONS, topicOf } from '@nova/events';
import { type Kafka, openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import type { Stage } from '../harness/stage.ts';
import { Oracle, type Verdict } from './oracle.ts';
import { benchTypes, type Workload } from './workload.ts';

/** The topics of every workload: as in life, one per event type, with 8 partitions. */
export const benchTopics: readonly string[] = benchTypes.map(topicOf);

const typeByTopic = new Map(benchTypes.map((type) => [topicOf(type), type]));
const READ_WITHIN_MS = 300_000;

/** The topics of a run, and how far the oracle has read them. */
export class TopicsUnderTest {
  readonly #kafka: Kafka;
  readonly #offsets = new Map<string, bigint>();

  private constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  /** Makes them where they are missing. */
  static async open({ servers }: Pick<Stage, 'servers'>): Promise<TopicsUnderTest> {
    const { brokers } = servers.kafka;
    // Whatever driver is measured, this one reads quicker.
    const driver = 'platformatic';
    const kafka = openKafka({ brokers, clientId: 'oracle', logger: silentLogger, driver });
    const specs = benchTopics.map((topic) => ({ topic, partitions: DEFAULT_PARTITIONS }));
    await kafka.admin().ensureTopics(specs);
    return new TopicsUnderTest(kafka);
  }

  /**
   * Reads all that has come since the last time and judges it.
   *
   * @throws Error when the topics cannot be read to their end in five minutes.
   */
  async judge(workload: Workload): Promise<Verdict> {
    const oracle = new Oracle(workload);
    const member = await this.#kafka.source().open({
      groupId: `oracle-${randomUUID()}`,
      topics: benchTopics,
      startAt: (assigned) => {
        const keys = assigned.map(({ topic, partition }) => `${topic}:${partition}`);
        return Promise.resolve(
          new Map(keys.map((key) => [key, this.#offsets.get(key) ?? 'beginning'] as const)),
        );
      },
      deliver: ({ topic, partition, records }) => {
        for (const { key, value, offset } of records) {
          oracle.see(typeByTopic.get(topic) ?? topic, key ?? '', value ?? new Uint8Array());
          this.#offsets.set(`${topic}:${partition}`, offset + 1n);
        }
        return Promise.resolve();
      },
      revoked: () => {},
    });
    try {
      const giveUpAt = performance.now() + READ_WITHIN_MS;
      while (!this.#hasAll(await member.endOffsets().catch(() => new Map<string, bigint>()))) {
        if (performance.now() > giveUpAt) throw new Error('the topics could not be read in time');
        await sleep(20);
      }
    } finally {
      await member.stop();
    }
    return oracle.verdict();
  }

  /** By `topic:partition`, the offset after the last record that was judged. */
  offsets(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#offsets].map(([key, offset]) => [key, String(offset)]));
  }

  async close(): Promise<void> {
    await this.#kafka.admin().close();
  }

  #hasAll(ends: ReadonlyMap<string, bigint>): boolean {
    if (ends.size < benchTopics.length * DEFAULT_PARTITIONS) return false;
    return [...ends].every(([key, end]) => (this.#offsets.get(key) ?? 0n) >= end);
  }
}
