import { prepared, type Queryable } from '@nova/postgres';
import { partitionKey, type TopicPartition } from './delivery-source.ts';
import type { GenerationName } from './marks.ts';
import type { StoredOffset } from './record-entry.ts';

const storeSql =
  prepared(`INSERT INTO consumer_offsets (consumer, generation, topic, partition, "offset", event_id, epoch,
                                   position)
     SELECT $1, $2, o.*
     FROM unnest($3::text[], $4::integer[], $5::bigint[], $6::text[], $7::text[], $8::bigint[]) AS o
     ON CONFLICT (consumer, generation, topic, partition) DO UPDATE
     SET "offset" = excluded."offset", event_id = excluded.event_id, epoch = excluded.epoch,
         position = excluded.position, stored_at = clock_timestamp()`);

/** Stores offsets in the transaction that settles their records. */
export async function writeOffsets(
  tx: Queryable,
  { consumer, generation }: GenerationName,
  offsets: readonly StoredOffset[],
): Promise<void> {
  if (offsets.length === 0) return;
  const sorted = [...offsets].sort((a, b) => (partitionKey(a) < partitionKey(b) ? -1 : 1));
  await tx.query(storeSql, [
    consumer,
    generation,
    sorted.map(({ topic }) => topic),
    sorted.map(({ partition }) => partition),
    sorted.map(({ offset }) => offset),
    sorted.map(({ identity }) => identity.eventId),
    sorted.map(({ identity }) => identity.epoch),
    sorted.map(({ identity }) => identity.position),
  ]);
}

/** The stored offsets of partitions, by partition key. */
export async function readOffsets(
  database: Queryable,
  { consumer, generation }: GenerationName,
  partitions: readonly TopicPartition[],
): Promise<Map<string, StoredOffset>> {
  const rows = await database.query<{
    topic: string;
    partition: number;
    offset: bigint;
    event_id: string;
    epoch: string;
    position: bigint;
  }>(
    `SELECT o.topic, o.partition, o."offset", o.event_id, o.epoch, o.position
     FROM consumer_offsets AS o
     JOIN unnest($3::text[], $4::integer[]) AS wanted (topic, partition)
       ON o.topic = wanted.topic AND o.partition = wanted.partition
     WHERE o.consumer = $1 AND o.generation = $2`,
    [
      consumer,
      generation,
      partitions.map(({ topic }) => topic),
      partitions.map(({ partition }) => partition),
    ],
  );
  return new Map(
    rows.map(({ topic, partition, offset, event_id: eventId, epoch, position }) => [
      partitionKey({ topic, partition }),
      { topic, partition, offset, identity: { eventId, epoch, position } },
    ]),
  );
}
