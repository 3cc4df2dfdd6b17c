import { type Database, prepared, type Queryable } from '@nova/postgres';
import { type AggregateName, aggregateKey } from './aggregate.ts';

// Consumer and generation are joined like the rest (OFFSET keeps it so): compared with values, and
// without statistics, they count as rare, and all rows are then looked at for each aggregate.
const lockSql =
  prepared(`SELECT p.aggregate_type, p.aggregate_id, p.applied_version, p.epoch, p.position
     FROM (SELECT $1::text AS consumer, $2::integer AS generation, given.*
           FROM unnest($3::text[], $4::text[]) WITH ORDINALITY
             AS given (aggregate_type, aggregate_id, place) OFFSET 0) AS wanted
     JOIN consumer_progress AS p USING (consumer, generation, aggregate_type, aggregate_id)
     ORDER BY wanted.place FOR UPDATE OF p`);
const makeSql =
  prepared(`INSERT INTO consumer_progress (consumer, generation, aggregate_type, aggregate_id,
                                    applied_version, epoch, position)
     SELECT $1, $2, aggregate_type, aggregate_id, 0, '', 0
     FROM unnest($3::text[], $4::text[]) AS wanted (aggregate_type, aggregate_id)
     ON CONFLICT DO NOTHING`);
const moveSql = prepared(`UPDATE consumer_progress AS p
     SET applied_version = m.version, epoch = m.epoch, position = m.position,
         applied_at = clock_timestamp(),
         filled_at = CASE WHEN m.filled_to IS NULL THEN p.filled_at ELSE clock_timestamp() END,
         filled_from = coalesce(m.filled_from, p.filled_from),
         filled_to = coalesce(m.filled_to, p.filled_to)
     FROM (SELECT $1::text AS consumer, $2::integer AS generation, given.*
           FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
                       $8::bigint[], $9::bigint[])
             AS given (aggregate_type, aggregate_id, version, epoch, position, filled_from,
                       filled_to) OFFSET 0) AS m
     WHERE p.consumer = m.consumer AND p.generation = m.generation
       AND p.aggregate_type = m.aggregate_type AND p.aggregate_id = m.aggregate_id`);
const readSql = `SELECT p.aggregate_type, p.aggregate_id, p.applied_version, p.epoch, p.position
     FROM (SELECT $1::text AS consumer, $2::integer AS generation, given.*
           FROM unnest($3::text[], $4::text[]) AS given (aggregate_type, aggregate_id)
           OFFSET 0) AS wanted
     JOIN consumer_progress AS p USING (consumer, generation, aggregate_type, aggregate_id)`;

const SWEEP_TIMEOUT_MS = 60_000;

/** The generation that marks, offsets and parked rows belong to. */
export interface GenerationName {
  readonly consumer: string;
  readonly generation: number;
}

/** How far an aggregate is applied. */
export interface Mark extends AggregateName {
  /** 0 = nothing yet. */
  readonly version: bigint;
  readonly epoch: string;
  readonly position: bigint;
}

/** A mark to be written. */
export interface MovedMark extends Mark {
  /** Versions that were read from the log because a predecessor was late. */
  readonly filled: { readonly from: bigint; readonly to: bigint } | undefined;
}

interface MarkRow {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly applied_version: bigint;
  readonly epoch: string;
  readonly position: bigint;
}

/**
 * Locks the marks of aggregates until the transaction ends, in one order for everybody, and makes
 * those that do not exist: so nobody else applies an event of these aggregates meanwhile.
 */
export async function lockMarks(
  tx: Queryable,
  { consumer, generation }: GenerationName,
  aggregates: readonly AggregateName[],
): Promise<Map<string, Mark>> {
  const names = [...aggregates].sort((a, b) => (aggregateKey(a) < aggregateKey(b) ? -1 : 1));
  const types = names.map(({ aggregateType }) => aggregateType);
  const ids = names.map(({ aggregateId }) => aggregateId);
  const params = [consumer, generation, types, ids];
  const [, rows] = await Promise.all([
    tx.query(makeSql, params),
    tx.query<MarkRow>(lockSql, params),
  ]);
  return new Map(rows.map((row) => [keyOf(row), markOf(row)]));
}

/** Writes marks that this transaction has locked. */
export async function writeMarks(
  tx: Queryable,
  { consumer, generation }: GenerationName,
  marks: readonly MovedMark[],
): Promise<void> {
  if (marks.length === 0) return;
  await tx.query(moveSql, [
    consumer,
    generation,
    marks.map(({ aggregateType }) => aggregateType),
    marks.map(({ aggregateId }) => aggregateId),
    marks.map(({ version }) => version),
    marks.map(({ epoch }) => epoch),
    marks.map(({ position }) => position),
    marks.map(({ filled }) => filled?.from ?? null),
    marks.map(({ filled }) => filled?.to ?? null),
  ]);
}

/** Reads marks without locking them, by {@link aggregateKey}; those that do not exist are left out. */
export async function readMarks(
  database: Queryable,
  { consumer, generation }: GenerationName,
  aggregates: readonly AggregateName[],
): Promise<Map<string, Mark>> {
  const rows = await database.query<MarkRow>(readSql, [
    consumer,
    generation,
    aggregates.map(({ aggregateType }) => aggregateType),
    aggregates.map(({ aggregateId }) => aggregateId),
  ]);
  return new Map(rows.map((row) => [keyOf(row), markOf(row)]));
}

/** An epoch of the log and the first position that is no longer its own; null = it goes on. */
export interface EpochEnd {
  readonly epoch: string;
  readonly end: bigint | null;
}

/**
 * Aggregates whose marks the log no longer vouches for: it has lost what they count as applied, or
 * does not know their epoch. Looks at all marks, in a session of its own: that may take a while.
 */
export function invalidMarks(
  database: Database,
  { consumer, generation }: GenerationName,
  epochs: readonly EpochEnd[],
): Promise<readonly AggregateName[]> {
  return database.session({ statementTimeoutMs: SWEEP_TIMEOUT_MS }, async (session) => {
    const rows = await session.query<MarkRow>(
      `SELECT p.aggregate_type, p.aggregate_id FROM consumer_progress AS p
       LEFT JOIN unnest($3::text[], $4::bigint[]) AS e (epoch, "end") ON e.epoch = p.epoch
       WHERE p.consumer = $1 AND p.generation = $2 AND p.applied_version > 0
         AND (e.epoch IS NULL OR p.position >= e."end")`,
      [consumer, generation, epochs.map(({ epoch }) => epoch), epochs.map(({ end }) => end)],
    );
    return rows.map((row) => ({
      aggregateType: row.aggregate_type,
      aggregateId: row.aggregate_id,
    }));
  });
}

function keyOf(row: MarkRow): string {
  return aggregateKey({ aggregateType: row.aggregate_type, aggregateId: row.aggregate_id });
}

function markOf(row: MarkRow): Mark {
  return {
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    version: row.applied_version,
    epoch: row.epoch,
    position: row.position,
  };
}
