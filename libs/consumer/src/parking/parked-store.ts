import { recordHeaders } from '@nova/events';
import { prepared, type Queryable } from '@nova/postgres';
import { type AggregateName, aggregateKey } from '../aggregate.ts';
import type { Delivery } from '../delivery.ts';
import { type Failure, isDeadly, nextAttemptMs } from '../failure.ts';
import type { GenerationName } from '../marks.ts';

const blockedSql =
  prepared(`SELECT b.aggregate_type, b.aggregate_id, b.state, b.failed_version, b.attempts,
            b.error_code, b.reason,
            (SELECT count(*)::integer FROM (
               SELECT FROM parked_events AS w
               WHERE w.consumer = b.consumer AND w.generation = b.generation
                 AND w.aggregate_type = b.aggregate_type AND w.aggregate_id = b.aggregate_id
               LIMIT $5) AS counted) AS waiting
     FROM parked_aggregates AS b
     JOIN unnest($3::text[], $4::text[]) AS wanted (aggregate_type, aggregate_id)
       ON b.aggregate_type = wanted.aggregate_type AND b.aggregate_id = wanted.aggregate_id
     WHERE b.consumer = $1 AND b.generation = $2`);

/** An aggregate whose next event fails; its later events queue behind it. */
export interface BlockedAggregate extends AggregateName {
  readonly state: 'retrying' | 'parked';
  readonly failedVersion: bigint;
  /** Failures of that version so far. */
  readonly attempts: number;
  readonly errorCode: string;
  readonly reason: string;
  /** Its events that wait, as far as they were counted. */
  readonly waiting: number;
}

/** A failure to be written down. */
export interface FailedAggregate extends AggregateName {
  readonly failedVersion: bigint;
  readonly failure: Failure;
  readonly attempts: number;
  /** Of the service and its views, at which it failed. */
  readonly consumerVersion: string;
}

/** A row of parked_aggregates as statements answer it. */
export interface BlockedRow {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly state: 'retrying' | 'parked';
  readonly failed_version: bigint;
  readonly attempts: number;
  readonly error_code: string;
  readonly reason: string;
  readonly waiting?: number;
}

/**
 * Which of these aggregates are blocked; call it after their marks are locked.
 *
 * @param countTo what waits of each is counted up to here
 */
export async function readBlocked(
  tx: Queryable,
  { consumer, generation }: GenerationName,
  aggregates: readonly AggregateName[],
  countTo = 0,
): Promise<Map<string, BlockedAggregate>> {
  const rows = await tx.query<BlockedRow>(blockedSql, [
    consumer,
    generation,
    ...namesOf(aggregates),
    countTo,
  ]);
  return new Map(rows.map((row) => [aggregateKey(nameOf(row)), blockedOf(row)]));
}

/** The same for one aggregate. */
export async function readBlockedOne(
  tx: Queryable,
  generation: GenerationName,
  name: AggregateName,
): Promise<BlockedAggregate | undefined> {
  return (await readBlocked(tx, generation, [name])).get(aggregateKey(name));
}

/** Blocks an aggregate, or notes one more failure of it. */
export async function writeFailure(
  tx: Queryable,
  { consumer, generation }: GenerationName,
  {
    aggregateType,
    aggregateId,
    failedVersion,
    failure,
    attempts,
    consumerVersion,
  }: FailedAggregate,
): Promise<'retrying' | 'parked'> {
  const waitMs = isDeadly(failure.code) ? undefined : nextAttemptMs(attempts);
  const state = waitMs === undefined ? 'parked' : 'retrying';
  await tx.query(
    `INSERT INTO parked_aggregates AS b (consumer, generation, aggregate_type, aggregate_id, state,
                                    failed_version, attempts, next_attempt_at, error_code, reason,
                                    fingerprint, frame, stack, consumer_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7,
             clock_timestamp() + $8::float8 * interval '1 millisecond', $9, $10, $11, $12, $13, $14)
     ON CONFLICT (consumer, generation, aggregate_type, aggregate_id) DO UPDATE
     SET state = excluded.state, failed_version = excluded.failed_version,
         attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at,
         failed_at = clock_timestamp(), error_code = excluded.error_code, reason = excluded.reason,
         fingerprint = excluded.fingerprint, frame = excluded.frame, stack = excluded.stack,
         consumer_version = excluded.consumer_version,
         -- Another event of the aggregate fails now: a failure of its own.
         first_failed_at = CASE WHEN b.failed_version = excluded.failed_version
                                THEN b.first_failed_at ELSE clock_timestamp() END,
         mirrored_at = CASE WHEN b.failed_version = excluded.failed_version THEN b.mirrored_at END`,
    [
      consumer,
      generation,
      aggregateType,
      aggregateId,
      state,
      failedVersion,
      attempts,
      waitMs ?? null,
      failure.code,
      failure.reason,
      failure.fingerprint,
      failure.frame,
      failure.stack,
      consumerVersion,
    ],
  );
  return state;
}

/** Keeps deliveries of blocked aggregates as they arrived, each version once. */
export async function keepDeliveries(
  tx: Queryable,
  { consumer, generation }: GenerationName,
  deliveries: readonly Delivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  const rows = deliveries.map(({ event, entry, record }) => ({
    aggregate_type: event.aggregateType,
    aggregate_id: event.aggregateId,
    aggregate_version: event.aggregateVersion.toString(),
    event_id: event.eventId,
    event_type: event.eventType,
    topic: entry?.partition.topic ?? null,
    partition: entry?.partition.partition ?? null,
    offset: entry?.offset.toString() ?? null,
    epoch: event.position.epoch,
    position: event.position.position.toString(),
    stored_at: event.storedAt,
    headers: storable(record?.headers ?? recordHeaders(event)),
    published_at: record?.timestamp === undefined ? null : new Date(record.timestamp).toISOString(),
    payload: Buffer.from(event.payload).toString('hex'),
  }));
  await tx.query(
    `INSERT INTO parked_events (consumer, generation, aggregate_type, aggregate_id,
       aggregate_version, event_id, event_type, topic, partition, "offset", epoch, position,
       stored_at, headers, payload, published_at)
     SELECT $1, $2, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, topic,
       partition, "offset", epoch, position, stored_at, headers, decode(payload, 'hex'), published_at
     FROM jsonb_to_recordset($3::jsonb) AS r (aggregate_type text, aggregate_id text,
       aggregate_version bigint, event_id text, event_type text, topic text, partition integer,
       "offset" bigint, epoch text, position bigint, stored_at text, headers jsonb, payload text,
       published_at timestamptz)
     ON CONFLICT DO NOTHING`,
    [consumer, generation, JSON.stringify(rows)],
  );
}

/**
 * Drops what is kept of an aggregate up to the version that is now applied, and unblocks it when
 * nothing is left; else the rest is tried at once. Call it with the aggregate's mark locked.
 */
export async function release(
  tx: Queryable,
  generation: GenerationName,
  name: AggregateName,
  appliedVersion: bigint,
): Promise<void> {
  await dropKept(tx, generation, name, appliedVersion);
  const isLeft = await isAnyKept(tx, generation, name);
  await (isLeft ? retryAtOnce(tx, generation, name) : endBlock(tx, generation, name));
}

/** Drops what is kept of an aggregate up to a version; answers whether there was any. */
export async function dropKept(
  tx: Queryable,
  generation: GenerationName,
  name: AggregateName,
  upToVersion: bigint,
): Promise<boolean> {
  const dropped = await tx.query(
    `DELETE FROM parked_events
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4
       AND aggregate_version <= $5
     RETURNING 1`,
    [...keyOf(generation, name), upToVersion],
  );
  return dropped.length > 0;
}

/** Lets a blocked aggregate be tried at once, as if it had not failed before. */
export async function retryAtOnce(
  tx: Queryable,
  generation: GenerationName,
  name: AggregateName,
): Promise<void> {
  await tx.query(
    `UPDATE parked_aggregates SET state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4`,
    keyOf(generation, name),
  );
}

/** From now on the order guard lets its events pass again. */
export async function endBlock(
  tx: Queryable,
  generation: GenerationName,
  name: AggregateName,
): Promise<void> {
  await tx.query(
    `DELETE FROM parked_aggregates
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4`,
    keyOf(generation, name),
  );
}

async function isAnyKept(
  tx: Queryable,
  generation: GenerationName,
  name: AggregateName,
): Promise<boolean> {
  const rows = await tx.query(
    `SELECT 1 FROM parked_events
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4 LIMIT 1`,
    keyOf(generation, name),
  );
  return rows.length > 0;
}

function keyOf(
  { consumer, generation }: GenerationName,
  { aggregateType, aggregateId }: AggregateName,
): readonly [string, number, string, string] {
  return [consumer, generation, aggregateType, aggregateId];
}

// What jsonb can hold: a header of nova has neither, but another one beside them may.
function storable(headers: Readonly<Record<string, string>>): Record<string, string> {
  const text = (given: string) => given.replaceAll('\u0000', '\uFFFD').toWellFormed();
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [text(name), text(value)]),
  );
}

/** Types and ids of aggregates, for a statement. */
export function namesOf(aggregates: readonly AggregateName[]): [string[], string[]] {
  return [
    aggregates.map(({ aggregateType }) => aggregateType),
    aggregates.map(({ aggregateId }) => aggregateId),
  ];
}

function nameOf(row: BlockedRow): AggregateName {
  return { aggregateType: row.aggregate_type, aggregateId: row.aggregate_id };
}

/** What such a row says. */
export function blockedOf(row: BlockedRow): BlockedAggregate {
  return {
    ...nameOf(row),
    state: row.state,
    failedVersion: row.failed_version,
    attempts: row.attempts,
    errorCode: row.error_code,
    reason: row.reason,
    waiting: row.waiting ?? 0,
  };
}
