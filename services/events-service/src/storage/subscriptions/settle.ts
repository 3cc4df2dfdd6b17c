import type { Queryable } from '@nova/postgres';
import type { Said } from '../../domain/accept-durable.ts';
import type { KeptSubscription } from '../../domain/subscription.ts';

/** What a consumer says about one event that was handed out to it. */
export interface Settlement extends Omit<Said, 'positions'> {
  readonly session: string;
  readonly position: bigint;
  /** The position as the consumer wrote it. */
  readonly text: string;
}

/** What names a delivery. */
export interface DeliveryName {
  readonly position: bigint;
  readonly session: string;
}

/** What belongs to an aggregate. */
export interface OfAggregate {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
}

/** Why a delivery comes back that nobody settled. */
const UNSETTLED = 'not settled by its consumer';

/**
 * Stores what consumers said. A delivery that is not out to the one who says it is left as it is.
 *
 * @returns those that are out to somebody else, wait, or are parked; what is not there any more was
 *   settled before
 */
export async function settle(
  tx: Queryable,
  { id, maxAttempts }: KeptSubscription,
  settlements: readonly Settlement[],
): Promise<ReadonlySet<Settlement>> {
  const done = settlements.filter(({ action }) => action === 'done');
  const undone = settlements.filter(({ action }) => action !== 'done');
  const stored = new Set<string>();
  if (done.length > 0) {
    const rows = await tx.query<DeliveryName & OfAggregate>(
      `DELETE FROM subscription_deliveries AS d
       USING unnest($2::bigint[], $3::uuid[]) AS g (position, session_id)
       WHERE d.subscription_id = $1 AND d.position = g.position AND d.session_id = g.session_id
         AND d.state = 'out'
       RETURNING d.position, d.session_id AS session, d.aggregate_type, d.aggregate_id`,
      [id, done.map(({ position }) => position), done.map(({ session }) => session)],
    );
    for (const row of rows) stored.add(nameOf(row));
    await promote(tx, id, rows);
  }
  if (undone.length > 0) {
    const rows = await tx.query<DeliveryName>(
      `UPDATE subscription_deliveries AS d
       SET state = CASE WHEN g.action = 'park' THEN 'parked'
                        WHEN g.action = 'retry' AND $7 > 0 AND d.attempts >= $7 THEN 'parked'
                        ELSE 'waiting' END,
           parked_at = clock_timestamp(),
           session_id = NULL,
           attempts = d.attempts - CASE WHEN g.action = 'stop' THEN 1 ELSE 0 END,
           due_at = clock_timestamp() + interval '1 millisecond' *
             CASE WHEN g.action <> 'retry' THEN 0
                  ELSE coalesce(g.retry_ms, CASE d.attempts WHEN 1 THEN 100 WHEN 2 THEN 1000 ELSE 10000 END)
             END,
           reason = nullif(g.reason, '')
       FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::integer[])
         AS g (position, session_id, action, reason, retry_ms)
       WHERE d.subscription_id = $1 AND d.position = g.position AND d.session_id = g.session_id
         AND d.state = 'out'
       RETURNING d.position, g.session_id AS session`,
      [
        id,
        undone.map(({ position }) => position),
        undone.map(({ session }) => session),
        undone.map(({ action }) => action),
        undone.map(({ reason }) => reason),
        undone.map(({ retryAfterMs }) => retryAfterMs ?? null),
        maxAttempts,
      ],
    );
    for (const row of rows) stored.add(nameOf(row));
  }
  const rest = settlements.filter((one) => !stored.has(nameOf(one)));
  return stillThere(tx, id, rest);
}

/**
 * Takes back what is out too long, or to a consumer that is gone.
 *
 * @param live sessions whose consumers are there
 * @returns by delivery the session that it was out to
 */
export async function takeBack(
  tx: Queryable,
  { id, maxAttempts }: KeptSubscription,
  live: readonly string[],
): Promise<string[]> {
  const rows = await tx.query<{ session: string }>(
    `UPDATE subscription_deliveries AS d
     SET state = CASE WHEN $3 > 0 AND d.attempts >= $3 THEN 'parked' ELSE 'waiting' END,
         parked_at = clock_timestamp(), session_id = NULL, due_at = clock_timestamp(), reason = $4
     WHERE d.subscription_id = $1 AND d.state = 'out'
       AND (d.due_at <= clock_timestamp() OR d.session_id <> ALL ($2::uuid[]))
     RETURNING old.session_id AS session`,
    [id, live, maxAttempts, UNSETTLED],
  );
  return rows.map(({ session }) => session);
}

/**
 * Puts back what is out to sessions, without an attempt being counted.
 *
 * @param counted hand-outs that stay as they are
 */
export async function putBack(
  tx: Queryable,
  id: bigint,
  sessions: readonly string[],
  counted: readonly bigint[] = [],
): Promise<void> {
  if (sessions.length === 0) return;
  await tx.query(
    `UPDATE subscription_deliveries
     SET state = 'waiting', session_id = NULL, due_at = clock_timestamp(), attempts = attempts - 1
     WHERE subscription_id = $1 AND state = 'out' AND session_id = ANY ($2::uuid[])
       AND hand_out <> ALL ($3::bigint[])`,
    [id, sessions, counted],
  );
}

/** Makes the first event that is left of each aggregate its head; the head before must be gone. */
export async function promote(
  tx: Queryable,
  id: bigint,
  of: readonly OfAggregate[],
): Promise<void> {
  if (of.length === 0) return;
  await tx.query(
    // Without a condition on the state of d, which would lead through all that is held.
    `UPDATE subscription_deliveries AS d
     SET state = CASE d.state WHEN 'held' THEN 'waiting' ELSE d.state END
     FROM unnest($2::text[], $3::text[]) AS g (aggregate_type, aggregate_id)
     CROSS JOIN LATERAL (
       SELECT n.position FROM subscription_deliveries AS n
       WHERE n.subscription_id = $1 AND n.aggregate_type = g.aggregate_type
         AND n.aggregate_id = g.aggregate_id
       ORDER BY n.position LIMIT 1
     ) AS first
     WHERE d.subscription_id = $1 AND d.position = first.position`,
    [
      id,
      of.map(({ aggregate_type }) => aggregate_type),
      of.map(({ aggregate_id }) => aggregate_id),
    ],
  );
}

async function stillThere(
  tx: Queryable,
  id: bigint,
  asked: readonly Settlement[],
): Promise<ReadonlySet<Settlement>> {
  if (asked.length === 0) return new Set();
  const rows = await tx.query<{ position: bigint }>(
    `SELECT position FROM subscription_deliveries
     WHERE subscription_id = $1 AND position = ANY ($2::bigint[])`,
    [id, asked.map(({ position }) => position)],
  );
  const there = new Set(rows.map(({ position }) => position));
  return new Set(asked.filter(({ position }) => there.has(position)));
}

function nameOf({ position, session }: DeliveryName): string {
  return `${position}/${session}`;
}
