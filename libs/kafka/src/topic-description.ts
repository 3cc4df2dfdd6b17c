import type { AdminSession } from './driver.ts';

/** A topic as the cluster has it. */
export interface TopicDescription {
  readonly partitions: number;
  /** How long records are kept; -1 = for ever; undefined where the cluster does not say. */
  readonly retentionMs: number | undefined;
  /** Records that can be read now, of all partitions together. */
  readonly records: bigint;
}

/** Asks what the cluster has of topics that exist. */
export async function describeTopics(
  admin: AdminSession,
  topics: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, TopicDescription>> {
  const names = [...topics.keys()];
  const [retention, records] = [await admin.retentionMs(names), await recordsOf(admin, names)];
  return new Map(
    [...topics].map(([name, partitions]) => [
      name,
      { partitions, retentionMs: retention.get(name), records: records.get(name) ?? 0n },
    ]),
  );
}

async function recordsOf(
  admin: AdminSession,
  names: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const counts = new Map<string, bigint>();
  for (const [key, { begin, end }] of await admin.bounds(names)) {
    const topic = key.slice(0, key.lastIndexOf(':'));
    counts.set(topic, (counts.get(topic) ?? 0n) + end - begin);
  }
  return counts;
}
