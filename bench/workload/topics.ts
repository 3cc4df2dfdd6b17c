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

/** Looks at how much has come since the last time that the topics were judged. */
export interface EndsWatch {
  arrived(): Promise<number>;
  stop(): Promise<void>;
}

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
    const watch = await this.#watch([topic], 0);
    const count = await watch.arrived();
    await watch.stop();
    return count;
  }

  /** Looks at the ends of the topics of all, without reading what comes. */
  watchEnds(): Promise<EndsWatch> {
    const judged = [...this.#offsets.values()].reduce((sum, offset) => sum + Number(offset), 0);
    return this.#watch(benchTopics, judged);
  }

  /** @throws Error when the topics cannot be looked at in five minutes. */
  async #watch(topics: readonly string[], before: number): Promise<EndsWatch> {
    const stopped = Promise.withResolvers<void>();
    const member = await this.#kafka.source().open({
      groupId: `oracle-${randomUUID()}`,
      topics,
      startAt: () => Promise.resolve(new Map()),
      // What was fetched is enough: nothing more is.
      deliver: () => stopped.promise,
      revoked: () => {},
    });
    const ends = async () => {
      const found = await member.endOffsets().catch(() => new Map<string, bigint>());
      if (found.size < topics.length * DEFAULT_PARTITIONS) return undefined;
      return [...found.values()].reduce((sum, end) => sum + Number(end), 0);
    };
    const giveUpAt = performance.now() + READ_WITHIN_MS;
    let last = await ends();
    while (last === undefined) {
      if (performance.now() > giveUpAt) throw new Error(`${topics.join()} cannot be looked at`);
      await sleep(20);
      last = await ends();
    }
    const first = last;
    return {
      async arrived() {
        last = (await ends()) ?? last;
        return (last ?? first) - before;
      },
      async stop() {
        stopped.resolve();
        await member.stop();
      },
    };
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
