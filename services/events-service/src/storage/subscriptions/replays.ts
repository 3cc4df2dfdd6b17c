import type { EventFilter } from '@nova/outbox';
import type { Queryable } from '@nova/postgres';
import type { KeptReplay } from '../../domain/subscription.ts';

/** What an operator asks a subscription to get once more. */
export interface NewReplay {
  readonly subscriptionId: bigint;
  /** First and last position. */
  readonly from: bigint;
  readonly to: bigint;
  readonly filter: EventFilter;
  readonly events: bigint;
  readonly reason: string;
  readonly requestedBy: string;
}

interface ReplayRow extends Omit<KeptReplay, 'from' | 'to' | 'reached'> {
  readonly fromPosition: bigint;
  readonly toPosition: bigint;
  readonly reachedPosition: bigint;
  readonly fromEpoch: string | null;
  readonly toEpoch: string | null;
  readonly reachedEpoch: string | null;
}

const COLUMNS = `r.replay_id AS id, r.state, r.events, r.taken, r.reason,
  r.requested_by AS "requestedBy", outbox_time(r.requested_at) AS "requestedAt",
  r.from_position AS "fromPosition", r.to_position AS "toPosition", r.reached AS "reachedPosition",
  outbox_epoch_of(r.from_position) AS "fromEpoch", outbox_epoch_of(r.to_position) AS "toEpoch",
  outbox_epoch_of(r.reached) AS "reachedEpoch",
  (SELECT s.name FROM subscriptions AS s WHERE s.subscription_id = r.subscription_id) AS subscription`;

/**
 * Has a subscription get a part of the log once more, after what was asked for before. Undefined when the
 * subscription was deleted meanwhile.
 */
export async function keepReplay(
  database: Queryable,
  given: NewReplay,
): Promise<KeptReplay | undefined> {
  const [row] = await database.query<ReplayRow>(
    `INSERT INTO subscription_replays AS r
       (subscription_id, from_position, to_position, reached, filter, events, reason, requested_by)
     SELECT subscription_id, $2::bigint, $3, $2::bigint - 1, $4, $5, $6, $7
     FROM subscriptions WHERE subscription_id = $1 FOR KEY SHARE
     RETURNING ${COLUMNS}`,
    [
      given.subscriptionId,
      given.from,
      given.to,
      JSON.stringify(given.filter),
      given.events,
      given.reason,
      given.requestedBy,
    ],
  );
  return row && replayOf(row);
}

/** Replays of a subscription that are in work, in the order in which they were asked for. */
export async function runningReplays(database: Queryable, id: bigint): Promise<KeptReplay[]> {
  const rows = await database.query<ReplayRow>(
    `SELECT ${COLUMNS} FROM subscription_replays AS r
     WHERE r.subscription_id = $1 AND r.state = 'running' ORDER BY r.ordinal LIMIT 20`,
    [id],
  );
  return rows.map(replayOf);
}

/** Ends a replay that runs; what has ended stays as it is. Undefined where there is none. */
export async function endReplay(
  database: Queryable,
  replayId: string,
): Promise<KeptReplay | undefined> {
  const [row] = await database.query<ReplayRow>(
    `UPDATE subscription_replays AS r
     SET state = CASE WHEN r.state = 'running' THEN 'cancelled' ELSE r.state END,
         ended_at = coalesce(r.ended_at, clock_timestamp())
     WHERE r.replay_id = $1
     RETURNING ${COLUMNS}`,
    [replayId],
  );
  return row && replayOf(row);
}

function replayOf(row: ReplayRow): KeptReplay {
  const { fromPosition, toPosition, reachedPosition, fromEpoch, toEpoch, reachedEpoch, ...rest } =
    row;
  const epoch = fromEpoch ?? '';
  return {
    ...rest,
    from: { epoch, position: fromPosition },
    to: { epoch: toEpoch ?? epoch, position: toPosition },
    reached: { epoch: reachedEpoch ?? epoch, position: reachedPosition },
  };
}
