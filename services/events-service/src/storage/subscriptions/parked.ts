import type { Database, Queryable } from '@nova/postgres';
import { lockSubscription } from './kept.ts';
import { type OfAggregate, promote } from './settle.ts';

/** An event that was set aside. Times are RFC 3339, UTC, with microseconds. */
export interface ParkedDelivery {
  readonly position: bigint;
  readonly epoch: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly attempts: number;
  readonly reason: string;
  readonly parkedAt: string;
  readonly held: bigint;
}

/** Which of what is parked; undefined = all of it. */
export interface ParkedAggregate {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** The next parked events in the order of the log. */
export function parkedPage(
  database: Queryable,
  id: bigint,
  { after, limit }: { readonly after: bigint; readonly limit: number },
): Promise<ParkedDelivery[]> {
  return database.query<ParkedDelivery>(
    `SELECT d.position, e.epoch, e.event_id AS "eventId", e.event_type AS "eventType",
            d.aggregate_type AS "aggregateType", d.aggregate_id AS "aggregateId", d.attempts,
            coalesce(d.reason, '') AS reason, outbox_time(d.parked_at) AS "parkedAt",
            (SELECT count(*) FROM subscription_deliveries AS h
             WHERE h.subscription_id = d.subscription_id AND h.state = 'held'
               AND h.aggregate_type = d.aggregate_type AND h.aggregate_id = d.aggregate_id) AS held
     FROM subscription_deliveries AS d
     JOIN outbox_stored_events AS e ON e.position = d.position
     WHERE d.subscription_id = $1 AND d.state = 'parked' AND d.position > $2
     ORDER BY d.position LIMIT $3`,
    [id, after, limit],
  );
}

/** Has parked events handed out again, as if for the first time; tells how many. */
export function replayParked(
  database: Database,
  id: bigint,
  of: ParkedAggregate | undefined,
): Promise<bigint> {
  return actOnParked(
    database,
    id,
    of,
    `UPDATE subscription_deliveries
     SET state = 'held', attempts = 0, due_at = clock_timestamp(), parked_at = NULL`,
  );
}

/** Forgets parked events: they are never handed out; tells how many. */
export function discardParked(
  database: Database,
  id: bigint,
  of: ParkedAggregate | undefined,
): Promise<bigint> {
  return actOnParked(database, id, of, 'DELETE FROM subscription_deliveries');
}

function actOnParked(
  database: Database,
  id: bigint,
  of: ParkedAggregate | undefined,
  act: string,
): Promise<bigint> {
  return database.transaction(async (tx) => {
    // What is parked at this moment, and nothing that is parked while it is worked on.
    if ((await lockSubscription(tx, id)) === undefined) return 0n;
    const rows = await tx.query<OfAggregate>(
      `${act}
       WHERE subscription_id = $1 AND state = 'parked'
         AND ($2::text IS NULL OR (aggregate_type = $2 AND aggregate_id = $3))
       RETURNING aggregate_type, aggregate_id`,
      [id, of?.aggregateType ?? null, of?.aggregateId ?? null],
    );
    await promote(tx, id, rows);
    return BigInt(rows.length);
  });
}
