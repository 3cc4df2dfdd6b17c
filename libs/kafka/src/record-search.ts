import { randomUUID } from 'node:crypto';
import { NovaError } from '@nova/errors';
import { withDeadline } from '@nova/time';
import type { SingleConnectionAdmin } from './admin.ts';
import { errors } from './errors.ts';
import { GroupMember } from './group-member.ts';
import type { CompleteOptions } from './options.ts';
import type { PartitionBounds } from './partition-bounds.ts';
import { type IncomingRecord, partitionKey, type TopicPartition } from './seam.ts';

/** One record that is looked for. */
export interface RecordSearch extends TopicPartition {
  /** Milliseconds since 1970: it was published at this time or later. */
  readonly fromMs: number;
  /** `found`: this one. `past`: it would have come before this one, so it is not there any more. */
  judge(record: IncomingRecord): 'found' | 'past' | 'other';
  readonly deadlineMs: number;
}

/** So many records before those of the time are looked at for one that has none. */
const WITHOUT_TIME = 10_000n;

/**
 * Reads a partition from a point in time to its present end, and, where that has it not, what has no
 * time a while before. Clients of Kafka read in groups: it joins one of its own, commits nothing and
 * leaves it, so that nothing of it stays.
 *
 * @throws KAFKA_UNAVAILABLE, KAFKA_TOPIC_UNKNOWN, and TIME_DEADLINE_EXCEEDED where either takes longer
 *   than `deadlineMs`.
 */
export async function searchRecord(
  options: CompleteOptions,
  admin: SingleConnectionAdmin,
  search: RecordSearch,
): Promise<IncomingRecord | undefined> {
  const key = partitionKey(search);
  const bounds = await admin.bounds([search.topic]);
  const own = bounds.get(key);
  if (own === undefined) throw new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic: search.topic });
  const read = (from: bigint, to: bigint, judge: RecordSearch['judge']) =>
    from < to
      ? readRange(options, admin, { ...search, judge, from, to, bounds })
      : Promise.resolve(undefined);
  const start = await admin.offsetAt(search, search.fromMs);
  const found = await read(start, own.end, (record) => search.judge(record));
  if (found !== undefined) return found;
  const before = start - WITHOUT_TIME;
  return read(before > own.begin ? before : own.begin, start, (record) =>
    record.timestamp === undefined ? search.judge(record) : 'other',
  );
}

/** Offsets of the partition that is searched, `to` excluded; where all of its topic begin and end. */
interface Range extends RecordSearch {
  readonly from: bigint;
  readonly to: bigint;
  readonly bounds: ReadonlyMap<string, PartitionBounds>;
}

async function readRange(
  options: CompleteOptions,
  admin: SingleConnectionAdmin,
  { from, to, bounds, judge, deadlineMs, ...at }: Range,
): Promise<IncomingRecord | undefined> {
  const key = partitionKey(at);
  const searched = Promise.withResolvers<IncomingRecord | undefined>();
  const member = new GroupMember(options, admin, {
    groupId: `nova-search.${randomUUID()}`,
    topics: [at.topic],
    // The other partitions begin at their end, and so cost nothing.
    startAt: async () => new Map([...bounds].map(([one, { end }]) => [one, end])).set(key, from),
    async deliver({ partition, records }) {
      if (partition !== at.partition) return;
      const inRange = records.filter(({ offset }) => offset < to);
      for (const record of inRange) {
        const verdict = judge(record);
        if (verdict !== 'other') return searched.resolve(verdict === 'found' ? record : undefined);
      }
      if ((records.at(-1)?.offset ?? 0n) + 1n >= to) searched.resolve(undefined);
    },
    revoked: () => {},
  });
  try {
    return await withDeadline(searched.promise, deadlineMs, `reading ${key}`);
  } finally {
    await member.stop();
  }
}
