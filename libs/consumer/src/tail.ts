import type { LogPosition } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import type { GenerationName } from './marks.ts';

/** The tail cursors of partition numbers; those without one are left out. */
export async function readTails(
  database: Queryable,
  { consumer, generation }: GenerationName,
  partitions: readonly number[],
): Promise<Map<number, LogPosition>> {
  const rows = await database.query<{ partition: number; epoch: string; position: bigint }>(
    `SELECT partition, epoch, position FROM consumer_tail
     WHERE consumer = $1 AND generation = $2 AND partition = ANY ($3::integer[])`,
    [consumer, generation, partitions],
  );
  return new Map(rows.map(({ partition, epoch, position }) => [partition, { epoch, position }]));
}

/** Moves tail cursors: every own event of these partitions at or below is applied or parked. */
export async function writeTails(
  database: Queryable,
  { consumer, generation }: GenerationName,
  partitions: readonly number[],
  { epoch, position }: LogPosition,
): Promise<void> {
  if (partitions.length === 0) return;
  await database.query(
    `INSERT INTO consumer_tail (consumer, generation, partition, epoch, position)
     SELECT $1, $2, partition, $4, $5 FROM unnest($3::integer[]) AS p (partition) ORDER BY 3
     ON CONFLICT (consumer, generation, partition) DO UPDATE
     SET epoch = excluded.epoch, position = excluded.position, checked_at = clock_timestamp()`,
    [consumer, generation, [...partitions].sort((a, b) => a - b), epoch, position],
  );
}
