import kafkajs, { type Admin } from 'kafkajs';
import { fetchBounds } from './partition-bounds.ts';

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
  admin: Admin,
  topics: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, TopicDescription>> {
  const names = [...topics.keys()];
  const [retention, records] = [await retentionOf(admin, names), await recordsOf(admin, names)];
  return new Map(
    [...topics].map(([name, partitions]) => [
      name,
      { partitions, retentionMs: retention.get(name), records: records.get(name) ?? 0n },
    ]),
  );
}

async function retentionOf(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (names.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({
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

async function recordsOf(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const counts = new Map<string, bigint>();
  for (const [key, { begin, end }] of await fetchBounds(admin, names)) {
    const topic = key.slice(0, key.lastIndexOf(':'));
    counts.set(topic, (counts.get(topic) ?? 0n) + end - begin);
  }
  return counts;
}
