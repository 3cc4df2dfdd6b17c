import kafkajs, { type Admin } from 'kafkajs';

/** A topic as the cluster has it. */
export interface TopicDescription {
  readonly partitions: number;
  /** How long records are kept; -1 = for ever; undefined where the cluster does not say. */
  readonly retentionMs: number | undefined;
  /** Records that can be read now, of all partitions together. */
  readonly records: bigint;
}

/** Offsets of this many topics are asked for at a time. */
const TOPICS_AT_ONCE = 16;

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
  for (let at = 0; at < names.length; at += TOPICS_AT_ONCE) {
    const group = names.slice(at, at + TOPICS_AT_ONCE);
    await Promise.all(group.map(async (name) => counts.set(name, await countRecords(admin, name))));
  }
  return counts;
}

async function countRecords(admin: Admin, topic: string): Promise<bigint> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.reduce((sum, { low, high }) => sum + BigInt(high) - BigInt(low), 0n);
}
