import { randomUUID } from 'node:crypto';
import { NovaError } from '@nova/errors';
import { withDeadline } from '@nova/time';
import type { SingleConnectionAdmin } from './admin.ts';
import { errors } from './errors.ts';
import { GroupMember } from './group-member.ts';
import type { CompleteOptions } from './options.ts';
import { type IncomingRecord, partitionKey, type TopicPartition } from './seam.ts';

/** One record that is looked for. */
export interface RecordSearch extends TopicPartition {
  /** Milliseconds since 1970: it was published at this time or later. */
  readonly fromMs: number;
  /** `found`: this one. `past`: it would have come before this one, so it is not there any more. */
  judge(record: IncomingRecord): 'found' | 'past' | 'other';
  readonly deadlineMs: number;
}

/**
 * Reads a partition from a point in time to its present end. Clients of Kafka read in groups: it
 * joins one of its own, commits nothing and leaves it, so that nothing of it stays.
 *
 * @throws KAFKA_UNAVAILABLE, KAFKA_TOPIC_UNKNOWN, and TIME_DEADLINE_EXCEEDED after `deadlineMs`.
 */
export async function searchRecord(
  options: CompleteOptions,
  admin: SingleConnectionAdmin,
  search: RecordSearch,
): Promise<IncomingRecord | undefined> {
  const key = partitionKey(search);
  const bounds = await admin.bounds([search.topic]);
  const end = bounds.get(key)?.end;
  if (end === undefined) throw new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic: search.topic });
  const start = await admin.offsetAt(search, search.fromMs);
  if (start >= end) return undefined;
  const searched = Promise.withResolvers<IncomingRecord | undefined>();
  const member = new GroupMember(options, admin, {
    groupId: `nova-search.${randomUUID()}`,
    topics: [search.topic],
    // The other partitions begin at their end, and so cost nothing.
    startAt: async () =>
      new Map([...bounds].map(([at, { end: last }]) => [at, last])).set(key, start),
    async deliver({ partition, records }) {
      if (partition !== search.partition) return;
      for (const record of records) {
        const verdict = search.judge(record);
        if (verdict !== 'other') return searched.resolve(verdict === 'found' ? record : undefined);
        if (record.offset + 1n >= end) searched.resolve(undefined);
      }
    },
    revoked: () => {},
  });
  try {
    return await withDeadline(searched.promise, search.deadlineMs, `reading ${key}`);
  } finally {
    await member.stop();
  }
}
