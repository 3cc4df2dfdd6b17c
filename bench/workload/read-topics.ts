import { randomUUID } from 'node:crypto';
import { DEFAULT_PARTITIONS } from '@nova/events';
import type { IncomingRecord, Kafka } from '@nova/kafka';
import { sleep } from '@nova/time';

/** Longest time for looking at topics. */
export const READ_WITHIN_MS = 300_000;

/**
 * Reads topics of 8 partitions to their end, the records of a partition in order.
 *
 * @param offsets by `topic:partition` where to begin, the beginning where there is none; afterwards
 *   the offset after the last record
 * @throws Error when the end cannot be reached in five minutes.
 */
export async function readTopics(
  kafka: Kafka,
  topics: readonly string[],
  offsets: Map<string, bigint>,
  see: (topic: string, record: IncomingRecord) => void,
): Promise<void> {
  const member = await kafka.source().open({
    groupId: `oracle-${randomUUID()}`,
    topics,
    startAt: (assigned) => {
      const keys = assigned.map(({ topic, partition }) => `${topic}:${partition}`);
      return Promise.resolve(
        new Map(keys.map((key) => [key, offsets.get(key) ?? 'beginning'] as const)),
      );
    },
    deliver: ({ topic, partition, records }) => {
      for (const record of records) {
        see(topic, record);
        offsets.set(`${topic}:${partition}`, record.offset + 1n);
      }
      return Promise.resolve();
    },
    revoked: () => {},
  });
  const hasAll = (ends: ReadonlyMap<string, bigint>) =>
    ends.size >= topics.length * DEFAULT_PARTITIONS &&
    [...ends].every(([key, end]) => (offsets.get(key) ?? 0n) >= end);
  try {
    const giveUpAt = performance.now() + READ_WITHIN_MS;
    while (!hasAll(await member.endOffsets().catch(() => new Map<string, bigint>()))) {
      if (performance.now() > giveUpAt) throw new Error('the topics could not be read in time');
      await sleep(20);
    }
  } finally {
    await member.stop();
  }
}
