import type { Queryable } from '@nova/postgres';
import type { KeptSubscription, SubscriptionStanding } from '../../domain/subscription.ts';
import { runningReplays } from './replays.ts';

type Counts = Omit<SubscriptionStanding, 'kept' | 'replays'>;

/** How far a subscription is. What it counts is bounded by what it takes up: see fill.ts. */
export async function standingOf(
  database: Queryable,
  kept: KeptSubscription,
): Promise<SubscriptionStanding> {
  const [row] = await database.query<Counts>(
    `SELECT count(*) FILTER (WHERE d.state = 'waiting') AS waiting,
            count(*) FILTER (WHERE d.state = 'out') AS unacknowledged,
            count(*) FILTER (WHERE d.state = 'parked') AS parked,
            count(*) FILTER (WHERE d.state = 'held') AS held,
            (SELECT greatest(0, l.last_position - $2::bigint) FROM outbox_log AS l) AS lag,
            (SELECT coalesce(json_agg(json_build_object(
                      'consumer', s.consumer, 'principal', s.principal, 'credits', s.credits,
                      'connectedAt', outbox_time(s.connected_at),
                      'unacknowledged', (
                        SELECT count(*) FROM subscription_deliveries AS o
                        WHERE o.subscription_id = $1 AND o.state = 'out'
                          AND o.session_id = s.session_id)
                    ) ORDER BY s.ordinal), '[]')
             FROM subscription_sessions AS s
             WHERE s.subscription_id = $1 AND s.seen_until > clock_timestamp()) AS consumers
     FROM subscription_deliveries AS d
     WHERE d.subscription_id = $1`,
    [kept.id, kept.cursor.position],
  );
  if (row === undefined) throw new TypeError('a count has no row');
  return {
    ...row,
    kept,
    // JSON has no bigint.
    consumers: row.consumers.map((one) => ({
      ...one,
      unacknowledged: BigInt(one.unacknowledged),
    })),
    replays: await runningReplays(database, kept.id),
  };
}
