import type { LogPosition, StoredEvent } from '@nova/events';
import { type EventFilter, type LogState, logHead, readWindow } from '@nova/outbox';
import type { Queryable } from '@nova/postgres';
import { type KeptSubscription, MOST_HELD } from '../../domain/subscription.ts';
import { type OfAggregate, promote } from './settle.ts';

/** So many aggregates have an event that may be handed out, or is: of the log, and of replays beside it. */
const MOST_IN_PLAY = 1_000;
const MOST_REPLAYED = 250;
/** Events that one look takes up, at most. */
const MOST_TAKEN = 1_000;
/** Positions that one look passes over, where a filter leaves most of them out. */
const LOOK = 10_000;

/** What became of a look at the log. */
export interface Filled {
  /** There is more to look at now. */
  readonly more: boolean;
  /** The end of the log was reached, and no replay is in work: only growth brings more. */
  readonly atEnd: boolean;
  /** The log was restored to before what had been looked at; what came after is taken up anew. */
  readonly rewoundTo: LogPosition | undefined;
}

interface InPlay {
  readonly fresh: bigint;
  readonly replayed: bigint;
  readonly held: bigint;
}

/**
 * Takes up what is next of the log and of replays, under the subscription's lock: rows are inserted
 * and the cursor moves in one transaction, so that nothing is left out or taken up twice.
 */
export async function fill(tx: Queryable, kept: KeptSubscription): Promise<Filled> {
  const [inPlay] = await tx.query<InPlay>(
    `SELECT count(*) FILTER (WHERE replay_id IS NULL) AS fresh,
            count(*) FILTER (WHERE replay_id IS NOT NULL) AS replayed,
            (SELECT count(*) FROM (
               SELECT 1 FROM subscription_deliveries
               WHERE subscription_id = $1 AND state IN ('parked', 'held') LIMIT $2
             ) AS aside) AS held
     FROM subscription_deliveries
     WHERE subscription_id = $1 AND state IN ('waiting', 'out')`,
    [kept.id, MOST_HELD],
  );
  const { fresh = 0n, replayed = 0n, held = 0n } = inPlay ?? {};
  if (held >= MOST_HELD) return NOTHING;
  const ofLog = await fillFromLog(tx, kept, fresh < MOST_IN_PLAY ? MOST_TAKEN : 0);
  const replays = await fillFromReplays(tx, kept, replayed < MOST_REPLAYED ? MOST_REPLAYED : 0);
  return {
    more: ofLog.more || replays.more,
    atEnd: ofLog.atEnd && replays.atEnd,
    rewoundTo: ofLog.rewoundTo,
  };
}

const NOTHING: Filled = { more: false, atEnd: false, rewoundTo: undefined };

async function fillFromLog(tx: Queryable, kept: KeptSubscription, room: number): Promise<Filled> {
  if (room <= 0) return NOTHING;
  const { id, filter, cursor } = kept;
  const read = { after: cursor.position, limit: limitOf(filter, room), headersOnly: true };
  const window = await readWindow(tx, { ...read, ...filter });
  if (window.scanned.epoch !== cursor.epoch) {
    const end = commonEnd(cursor, await logHead(tx));
    if (end !== undefined) {
      await rewind(tx, id, end);
      return { more: true, atEnd: false, rewoundTo: end };
    }
  }
  const { events, reached } = cut(window, room);
  if (reached.position === cursor.position && reached.epoch === cursor.epoch) {
    return { more: false, atEnd: true, rewoundTo: undefined };
  }
  await insert(tx, id, events, null);
  await tx.query('UPDATE subscriptions SET epoch = $2, position = $3 WHERE subscription_id = $1', [
    id,
    reached.epoch,
    reached.position,
  ]);
  return { more: true, atEnd: false, rewoundTo: undefined };
}

/**
 * Where this log and the one in which `cursor` was given are the same for the last time; undefined
 * when `cursor` lies before that, and so is good (DECISIONS 6).
 */
export function commonEnd(cursor: LogPosition, { epochs }: LogState): LogPosition | undefined {
  const index = epochs.findIndex(({ epoch }) => epoch === cursor.epoch);
  const later = epochs.slice(index + 1).map(({ firstPosition }) => firstPosition);
  const [first = cursor.position + 1n] = later.toSorted((one, other) => (one < other ? -1 : 1));
  if (index >= 0 && first > cursor.position) return undefined;
  // An epoch that nobody knows: of that log nothing is known to be in this one.
  const position = index < 0 ? 0n : first - 1n;
  const epoch = epochs.findLast(({ firstPosition }) => firstPosition <= position) ?? epochs[0];
  return { epoch: epoch?.epoch ?? cursor.epoch, position };
}

async function rewind(tx: Queryable, id: bigint, { epoch, position }: LogPosition): Promise<void> {
  const lost = await tx.query<OfAggregate & { state: string }>(
    `DELETE FROM subscription_deliveries WHERE subscription_id = $1 AND position > $2
     RETURNING state, aggregate_type, aggregate_id`,
    [id, position],
  );
  const heads = lost.filter(({ state }) => state !== 'held');
  await promote(tx, id, heads);
  await tx.query('UPDATE subscriptions SET epoch = $2, position = $3 WHERE subscription_id = $1', [
    id,
    epoch,
    position,
  ]);
  await tx.query(
    `UPDATE subscription_replays
     SET to_position = least(to_position, $2), reached = least(reached, $2)
     WHERE subscription_id = $1 AND state = 'running'`,
    [id, position],
  );
}

interface ReplayRow {
  readonly replay_id: string;
  readonly reached: bigint;
  readonly to_position: bigint;
  readonly filter: EventFilter;
}

async function fillFromReplays(
  tx: Queryable,
  { id }: KeptSubscription,
  room: number,
): Promise<Pick<Filled, 'more' | 'atEnd'>> {
  if (room <= 0) return NOTHING;
  const [replay] = await tx.query<ReplayRow>(
    `SELECT replay_id, reached, to_position, filter FROM subscription_replays
     WHERE subscription_id = $1 AND state = 'running' ORDER BY ordinal LIMIT 1`,
    [id],
  );
  if (replay === undefined) return { more: false, atEnd: true };
  const { reached: after, to_position: to, filter } = replay;
  const left = Number(to - after > LOOK ? BigInt(LOOK) : to - after);
  const limit = Math.max(0, Math.min(limitOf(filter, room), left));
  const window =
    limit === 0
      ? { events: [], scanned: { epoch: '', position: to } }
      : await readWindow(tx, { after, limit, headersOnly: true, ...filter });
  const { events, reached } = cut(window, room);
  const taken = await insert(tx, id, events, replay.replay_id);
  const isDone = reached.position >= to;
  await tx.query(
    `UPDATE subscription_replays
     SET reached = $2, taken = taken + $3, state = CASE WHEN $4 THEN 'done' ELSE state END,
         ended_at = CASE WHEN $4 THEN clock_timestamp() END
     WHERE replay_id = $1`,
    [replay.replay_id, reached.position, taken, isDone],
  );
  return { more: true, atEnd: false };
}

function limitOf(filter: EventFilter, room: number): number {
  return Object.keys(filter).length === 0 ? room : LOOK;
}

/** At most `room` events of a window, and the position that this comes to. */
function cut(
  { events, scanned }: { readonly events: readonly StoredEvent[]; readonly scanned: LogPosition },
  room: number,
): { readonly events: readonly StoredEvent[]; readonly reached: LogPosition } {
  const taken = events.slice(0, room);
  const last = taken.at(-1);
  const isCut = taken.length < events.length && last !== undefined;
  return { events: taken, reached: isCut ? last.position : scanned };
}

/** What is there already stays as it is; behind another event of its aggregate one is held. */
async function insert(
  tx: Queryable,
  id: bigint,
  events: readonly StoredEvent[],
  replayId: string | null,
): Promise<number> {
  if (events.length === 0) return 0;
  const rows = await tx.query(
    `INSERT INTO subscription_deliveries
       (subscription_id, position, lane, aggregate_type, aggregate_id, replay_id, state)
     SELECT $1, e.position, e.lane, e.aggregate_type, e.aggregate_id, $6,
            CASE WHEN row_number() OVER (
                        PARTITION BY e.aggregate_type, e.aggregate_id ORDER BY e.position) = 1
                  AND NOT EXISTS (
                        SELECT 1 FROM subscription_deliveries AS p
                        WHERE p.subscription_id = $1 AND p.aggregate_type = e.aggregate_type
                          AND p.aggregate_id = e.aggregate_id)
                 THEN 'waiting' ELSE 'held' END
     FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[])
       AS e (position, lane, aggregate_type, aggregate_id)
     ON CONFLICT DO NOTHING
     RETURNING 1`,
    [
      id,
      events.map(({ position }) => position.position),
      events.map(({ lane }) => lane),
      events.map(({ aggregateType }) => aggregateType),
      events.map(({ aggregateId }) => aggregateId),
      replayId,
    ],
  );
  return rows.length;
}
