import type { LogPosition } from '@nova/events';
import type { EventFilter } from '@nova/outbox';
import type { Queryable } from '@nova/postgres';
import type { Strategy } from '../../domain/hand-out.ts';
import type { KeptSubscription, SubscriptionTerms } from '../../domain/subscription.ts';

/** What a new subscription is. */
export interface NewSubscription extends SubscriptionTerms {
  readonly name: string;
  readonly filter: EventFilter;
  readonly from: LogPosition;
  /** As asked for; compared when the same name is created again. */
  readonly begins: Readonly<Record<string, string>>;
  readonly createdBy: string;
}

interface KeptRow {
  readonly id: bigint;
  readonly name: string;
  readonly filter: EventFilter;
  readonly strategy: Strategy;
  readonly ackTimeoutMs: number;
  readonly maxAttempts: number;
  readonly epoch: string;
  readonly position: bigint;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly stoppedBy: string | null;
  readonly stoppedReason: string | null;
  readonly begins: Readonly<Record<string, string>>;
}

const COLUMNS = `s.subscription_id AS id, s.name, s.filter, s.strategy, s.epoch, s.position, s.begins,
  s.ack_timeout_ms AS "ackTimeoutMs", s.max_attempts AS "maxAttempts",
  s.created_by AS "createdBy", s.stopped_by AS "stoppedBy", s.stopped_reason AS "stoppedReason",
  outbox_time(s.created_at) AS "createdAt"`;

/** Keeps a subscription; undefined where its name is in use. */
export async function keepSubscription(
  database: Queryable,
  given: NewSubscription,
): Promise<KeptSubscription | undefined> {
  const [row] = await database.query<KeptRow>(
    `INSERT INTO subscriptions AS s
       (name, filter, strategy, ack_timeout_ms, max_attempts, epoch, position, begins, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (name) DO NOTHING
     RETURNING ${COLUMNS}`,
    [
      given.name,
      JSON.stringify(given.filter),
      given.strategy,
      given.ackTimeoutMs,
      given.maxAttempts,
      given.from.epoch,
      given.from.position,
      JSON.stringify(given.begins),
      given.createdBy,
    ],
  );
  return row && keptOf(row);
}

/** The subscription of this name, and where it was asked to begin. */
export async function subscriptionByName(
  database: Queryable,
  name: string,
): Promise<{ readonly kept: KeptSubscription; readonly begins: KeptRow['begins'] } | undefined> {
  const [row] = await database.query<KeptRow>(
    `SELECT ${COLUMNS} FROM subscriptions AS s WHERE s.name = $1`,
    [name],
  );
  return row && { kept: keptOf(row), begins: row.begins };
}

/** The subscription, locked until the transaction ends; undefined when it was deleted. */
export async function lockSubscription(
  tx: Queryable,
  id: bigint,
): Promise<KeptSubscription | undefined> {
  const [row] = await tx.query<KeptRow>(
    `SELECT ${COLUMNS} FROM subscriptions AS s WHERE s.subscription_id = $1 FOR UPDATE`,
    [id],
  );
  return row && keptOf(row);
}

/** The next subscriptions in the order of their creation. */
export async function subscriptionPage(
  database: Queryable,
  { after, limit }: { readonly after: bigint; readonly limit: number },
): Promise<KeptSubscription[]> {
  const rows = await database.query<KeptRow>(
    `SELECT ${COLUMNS} FROM subscriptions AS s WHERE s.subscription_id > $1
     ORDER BY s.subscription_id LIMIT $2`,
    [after, limit],
  );
  return rows.map(keptOf);
}

/** Changes its terms, stops it (`stopped`) or lets it go on (null). Undefined when it is not there. */
export async function changeSubscription(
  database: Queryable,
  name: string,
  change: Partial<SubscriptionTerms> & {
    readonly stopped?: { readonly by: string; readonly reason: string } | null;
  },
): Promise<KeptSubscription | undefined> {
  const { strategy, ackTimeoutMs, maxAttempts, stopped } = change;
  const [row] = await database.query<KeptRow>(
    `UPDATE subscriptions AS s
     SET strategy = coalesce($2, s.strategy), ack_timeout_ms = coalesce($3, s.ack_timeout_ms),
         max_attempts = coalesce($4, s.max_attempts),
         stopped_at = CASE WHEN $5 THEN CASE WHEN $6::text IS NULL THEN NULL ELSE clock_timestamp() END
                           ELSE s.stopped_at END,
         stopped_by = CASE WHEN $5 THEN $6 ELSE s.stopped_by END,
         stopped_reason = CASE WHEN $5 THEN $7 ELSE s.stopped_reason END
     WHERE s.name = $1
     RETURNING ${COLUMNS}`,
    [
      name,
      strategy ?? null,
      ackTimeoutMs ?? null,
      maxAttempts ?? null,
      stopped !== undefined,
      stopped?.by ?? null,
      stopped?.reason ?? null,
    ],
  );
  return row && keptOf(row);
}

/** Forgets a subscription with all that it knew; false when it was not there. */
export async function dropSubscription(database: Queryable, name: string): Promise<boolean> {
  const rows = await database.query('DELETE FROM subscriptions WHERE name = $1 RETURNING 1', [
    name,
  ]);
  return rows.length > 0;
}

/** Removes consumers that are long gone, and replays that ended over a week ago. */
export async function purgeSubscriptions(database: Queryable): Promise<void> {
  await database.query(
    `DELETE FROM subscription_sessions WHERE seen_until < clock_timestamp() - interval '1 minute'`,
  );
  await database.query(
    `DELETE FROM subscription_replays
     WHERE state <> 'running' AND ended_at < clock_timestamp() - interval '7 days'`,
  );
}

function keptOf(row: KeptRow): KeptSubscription {
  const { id, name, filter, strategy, ackTimeoutMs, maxAttempts, createdAt, createdBy } = row;
  const { epoch, position, stoppedBy, stoppedReason } = row;
  return {
    ...{ id, name, filter, strategy, ackTimeoutMs, maxAttempts, createdAt, createdBy },
    cursor: { epoch, position },
    stopped: stoppedBy === null ? undefined : { by: stoppedBy, reason: stoppedReason ?? '' },
  };
}
