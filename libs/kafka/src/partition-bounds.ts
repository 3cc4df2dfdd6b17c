import type { Admin } from 'kafkajs';
import { partitionKey } from './seam.ts';

/** What a partition holds now. */
export interface PartitionBounds {
  /** Offset of its first record, or `end` where it has none. */
  readonly begin: bigint;
  /** Offset that its next record will get. */
  readonly end: bigint;
}

/** Offsets of this many topics are asked for at a time. */
const TOPICS_AT_ONCE = 16;

/** Bounds of all partitions of topics that exist, by partition key. */
export async function fetchBounds(
  admin: Admin,
  topics: Iterable<string>,
): Promise<ReadonlyMap<string, PartitionBounds>> {
  const bounds = new Map<string, PartitionBounds>();
  const names = [...new Set(topics)];
  for (let at = 0; at < names.length; at += TOPICS_AT_ONCE) {
    const group = names.slice(at, at + TOPICS_AT_ONCE);
    const found = await Promise.all(group.map((topic) => admin.fetchTopicOffsets(topic)));
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
