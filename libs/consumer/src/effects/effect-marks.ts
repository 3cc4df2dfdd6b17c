import type { LogPosition } from '@nova/events';
import { prepared, type Queryable } from '@nova/postgres';
import { type AggregateName, aggregateKey } from '../aggregate.ts';

// The consumer is joined like the rest, as in marks.ts.
const lockSql = prepared(`SELECT m.aggregate_type, m.aggregate_id, m.epoch, m.position
     FROM (SELECT $1::text AS consumer, given.*
           FROM unnest($2::text[], $3::text[]) WITH ORDINALITY
             AS given (aggregate_type, aggregate_id, place) OFFSET 0) AS wanted
     JOIN consumer_effect_marks AS m USING (consumer, aggregate_type, aggregate_id)
     ORDER BY wanted.place FOR UPDATE OF m`);
const makeSql =
  prepared(`INSERT INTO consumer_effect_marks (consumer, aggregate_type, aggregate_id, version)
     SELECT $1, aggregate_type, aggregate_id, 0
     FROM unnest($2::text[], $3::text[]) AS wanted (aggregate_type, aggregate_id)
     ON CONFLICT DO NOTHING`);
const moveSql = prepared(`UPDATE consumer_effect_marks AS m
     SET version = moved.version, epoch = moved.epoch, position = moved.position
     FROM (SELECT $1::text AS consumer, given.*
           FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[])
             AS given (aggregate_type, aggregate_id, version, epoch, position) OFFSET 0) AS moved
     WHERE m.consumer = moved.consumer AND m.aggregate_type = moved.aggregate_type
       AND m.aggregate_id = moved.aggregate_id`);

interface MarkRow {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly epoch: string;
  readonly position: bigint;
}

/** An effect mark to be written. */
export interface MovedEffectMark extends AggregateName {
  /** For people who look at the table. */
  readonly version: bigint;
  readonly position: LogPosition;
}

/**
 * Locks the effect marks of aggregates, by {@link aggregateKey}: effects of events at or below are
 * written already, by whatever generation. A mark is a place in the log, not a version: after the
 * log has lost its end, its versions are given again, to other events, which have effects of their
 * own. See `KnownEpochs.lastKept`.
 */
export async function lockEffectMarks(
  tx: Queryable,
  consumer: string,
  aggregates: readonly AggregateName[],
): Promise<Map<string, LogPosition>> {
  if (aggregates.length === 0) return new Map();
  const names = [...aggregates].sort((a, b) => (aggregateKey(a) < aggregateKey(b) ? -1 : 1));
  const types = names.map(({ aggregateType }) => aggregateType);
  const ids = names.map(({ aggregateId }) => aggregateId);
  const params = [consumer, types, ids];
  const [, rows] = await Promise.all([
    tx.query(makeSql, params),
    tx.query<MarkRow>(lockSql, params),
  ]);
  return new Map(
    rows.map((row) => [
      aggregateKey({ aggregateType: row.aggregate_type, aggregateId: row.aggregate_id }),
      { epoch: row.epoch, position: row.position },
    ]),
  );
}

/** Writes effect marks that this transaction has locked. */
export async function writeEffectMarks(
  tx: Queryable,
  consumer: string,
  marks: readonly MovedEffectMark[],
): Promise<void> {
  if (marks.length === 0) return;
  await tx.query(moveSql, [
    consumer,
    marks.map(({ aggregateType }) => aggregateType),
    marks.map(({ aggregateId }) => aggregateId),
    marks.map(({ version }) => version),
    marks.map(({ position }) => position.epoch),
    marks.map(({ position }) => position.position),
  ]);
}
