import type { LogPosition } from '@nova/events';
import type { Database, Queryable } from '@nova/postgres';
import { type Eligible, handOut, type LiveSession } from '../../domain/hand-out.ts';
import type { KeptSubscription } from '../../domain/subscription.ts';
import { type Filled, fill } from './fill.ts';
import { lockSubscription } from './kept.ts';
import { putBack, type Settlement, settle, takeBack } from './settle.ts';

/** A consumer that is not renewed within this time counts as gone, and its deliveries come back. */
const SESSION_TTL_MS = 5_000;
/** Events that are looked at in one round for handing out. */
const MOST_AT_ONCE = 1_000;

/** A consumer of this instance. */
export interface OwnSession extends LiveSession {
  readonly consumer: string;
  readonly principal: string;
}

/** A consumer that has gone. */
export interface LeftSession {
  readonly id: string;
  /** Hand-outs of which the attempt counts: they may be what killed it. */
  readonly counted: readonly bigint[];
}

/** What has come up at this instance since the last round. */
export interface RoundInput {
  readonly subscriptionId: bigint;
  readonly sessions: readonly OwnSession[];
  readonly left: readonly LeftSession[];
  readonly settlements: readonly Settlement[];
  /** Where round robin goes on. */
  readonly turn: number;
  /** Whether the log may have something that was not looked at. */
  readonly mayHaveMore: boolean;
}

/** An event that is out to a consumer of this instance. */
export interface Out {
  readonly position: bigint;
  readonly session: string;
  readonly handOut: bigint;
  readonly attempts: number;
  readonly replayId: string | null;
}

/** What a round has come to. */
export interface RoundResult {
  /** Undefined when the subscription was deleted. */
  readonly kept: KeptSubscription | undefined;
  /** Of the settlements those that came too late. */
  readonly stale: ReadonlySet<Settlement>;
  /** All that is out to consumers of this instance. */
  readonly outs: readonly Out[];
  /** There is more to look at, and credit for it. */
  readonly more: boolean;
  /** The log was looked at to its end. */
  readonly atEnd: boolean;
  /** Other instances have consumers of it, which do not tell this one what they do. */
  readonly othersLive: boolean;
  /** Until something that waits for its time is due; undefined when nothing does. */
  readonly dueMs: number | undefined;
  readonly rewoundTo: LogPosition | undefined;
}

/**
 * One round of a subscription at this instance, in one transaction under the lock of its row:
 *
 *   who is there ── what was said ── take back what nobody settled ── hand out, after a look at the
 *   log where too little is waiting
 *
 * All instances do the same, one at a time. Whatever becomes of the answer, the next round tells
 * what is out, so a round may be repeated.
 */
export function round(database: Database, input: RoundInput): Promise<RoundResult> {
  return database.transaction(async (tx) => {
    const kept = await lockSubscription(tx, input.subscriptionId);
    if (kept === undefined) return { ...NOTHING, kept };
    const live = await meet(tx, input);
    const stale = await settle(tx, kept, input.settlements);
    await putBack(
      tx,
      kept.id,
      input.left.map(({ id }) => id),
      input.left.flatMap(({ counted }) => counted),
    );
    const stopped = await stopAsked(tx, kept, input);
    if (stopped !== undefined) return { ...NOTHING, kept: stopped, stale };
    const ids = live.map(({ id }) => id);
    // Given together: they need one round trip, and run one after the other.
    const [late, before] = await Promise.all([takeBack(tx, kept, ids), outsOf(tx, input)]);
    const { handed, ...filled } = await handOutMore(tx, kept, { input, live, late, before });
    const [after, dueMs] = await Promise.all([markOut(tx, kept, handed), nextDueMs(tx, kept.id)]);
    const outs = [...before, ...after];
    const othersLive = live.length > input.sessions.length;
    return { ...filled, kept, stale, outs, othersLive, dueMs };
  });
}

const NOTHING = {
  stale: new Set<Settlement>(),
  outs: [],
  more: false,
  atEnd: false,
  othersLive: false,
  dueMs: undefined,
  rewoundTo: undefined,
};

/** Says that the consumers of this instance are there, forgets those that are not, tells all. */
async function meet(
  tx: Queryable,
  { subscriptionId, sessions, left }: RoundInput,
): Promise<readonly LiveSession[]> {
  const [, , live] = await Promise.all([
    tx.query(
      `DELETE FROM subscription_sessions
       WHERE subscription_id = $1
         AND (session_id = ANY ($2::uuid[]) OR seen_until < clock_timestamp())
         AND session_id <> ALL ($3::uuid[])`,
      [subscriptionId, left.map(({ id }) => id), sessions.map(({ id }) => id)],
    ),
    tx.query(
      `INSERT INTO subscription_sessions
         (subscription_id, session_id, credits, consumer, principal, seen_until)
       SELECT $1, g.session_id, g.credits, g.consumer, g.principal,
              clock_timestamp() + $6 * interval '1 millisecond'
       FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::text[])
         WITH ORDINALITY AS g (session_id, credits, consumer, principal, place)
       ORDER BY g.place
       ON CONFLICT (session_id) DO UPDATE
       SET credits = excluded.credits, seen_until = excluded.seen_until`,
      [
        subscriptionId,
        sessions.map(({ id }) => id),
        sessions.map(({ credits }) => credits),
        sessions.map(({ consumer }) => consumer),
        sessions.map(({ principal }) => principal),
        SESSION_TTL_MS,
      ],
    ),
    tx.query<LiveSession>(
      `SELECT session_id AS id, credits FROM subscription_sessions
       WHERE subscription_id = $1 ORDER BY ordinal`,
      [subscriptionId],
    ),
  ]);
  return live;
}

/** The subscription when it is stopped: before, or by what a consumer has just said. */
async function stopAsked(
  tx: Queryable,
  kept: KeptSubscription,
  { settlements, sessions, left }: RoundInput,
): Promise<KeptSubscription | undefined> {
  if (kept.stopped !== undefined) {
    await putBack(
      tx,
      kept.id,
      [...sessions, ...left].map(({ id }) => id),
    );
    return kept;
  }
  const asked = settlements.find(({ action }) => action === 'stop');
  if (asked === undefined) return undefined;
  const by = sessions.find(({ id }) => id === asked.session)?.principal ?? 'a consumer';
  const stopped = { by, reason: asked.reason === '' ? 'a consumer asked for it' : asked.reason };
  await tx.query(
    `UPDATE subscriptions
     SET stopped_at = clock_timestamp(), stopped_by = $2, stopped_reason = $3
     WHERE subscription_id = $1`,
    [kept.id, stopped.by, stopped.reason],
  );
  await putBack(
    tx,
    kept.id,
    sessions.map(({ id }) => id),
  );
  return { ...kept, stopped };
}

async function outsOf(tx: Queryable, { subscriptionId, sessions }: RoundInput): Promise<Out[]> {
  if (sessions.length === 0) return [];
  return tx.query<Out>(
    `SELECT position, session_id AS session, hand_out AS "handOut", attempts,
            replay_id AS "replayId"
     FROM subscription_deliveries
     WHERE subscription_id = $1 AND state = 'out' AND session_id = ANY ($2::uuid[])
     ORDER BY position`,
    [subscriptionId, sessions.map(({ id }) => id)],
  );
}

interface Handing {
  readonly input: RoundInput;
  readonly live: readonly LiveSession[];
  /** Sessions from which something was just taken back: its credit stays in use. */
  readonly late: readonly string[];
  readonly before: readonly Out[];
}

async function handOutMore(
  tx: Queryable,
  kept: KeptSubscription,
  { input, live, late, before }: Handing,
): Promise<Filled & { readonly handed: ReadonlyMap<bigint, string> }> {
  const free = new Map(
    input.sessions.map(({ id, credits }) => [
      id,
      credits -
        before.filter(({ session }) => session === id).length -
        late.filter((session) => session === id).length,
    ]),
  );
  const room = [...free.values()].reduce((sum, one) => sum + Math.max(0, one), 0);
  let filled: Filled = { more: false, atEnd: !input.mayHaveMore, rewoundTo: undefined };
  if (room === 0) return { ...filled, handed: new Map() };
  let eligible = await eligibleOf(tx, kept.id);
  if (eligible.length < room && input.mayHaveMore) {
    filled = await fill(tx, kept);
    eligible = await eligibleOf(tx, kept.id);
  }
  const { strategy } = kept;
  const handed = handOut({ strategy, live, free, eligible, turn: input.turn });
  return { ...filled, handed };
}

/** Heads of aggregates that are due. */
function eligibleOf(tx: Queryable, id: bigint): Promise<Eligible[]> {
  return tx.query<Eligible>(
    `SELECT position, lane FROM subscription_deliveries
     WHERE subscription_id = $1 AND state = 'waiting' AND due_at <= clock_timestamp()
     ORDER BY position LIMIT $2`,
    [id, MOST_AT_ONCE],
  );
}

async function markOut(
  tx: Queryable,
  { id, ackTimeoutMs }: KeptSubscription,
  handed: ReadonlyMap<bigint, string>,
): Promise<Out[]> {
  if (handed.size === 0) return [];
  const outs = await tx.query<Out>(
    `UPDATE subscription_deliveries AS d
     SET state = 'out', session_id = g.session_id, attempts = d.attempts + 1,
         hand_out = nextval('subscription_hand_outs'),
         due_at = clock_timestamp() + $4 * interval '1 millisecond'
     FROM unnest($2::bigint[], $3::uuid[]) AS g (position, session_id)
     WHERE d.subscription_id = $1 AND d.position = g.position
     RETURNING d.position, d.session_id AS session, d.hand_out AS "handOut", d.attempts,
               d.replay_id AS "replayId"`,
    [id, [...handed.keys()], [...handed.values()], ackTimeoutMs],
  );
  return outs.toSorted((one, other) => (one.position < other.position ? -1 : 1));
}

async function nextDueMs(tx: Queryable, id: bigint): Promise<number | undefined> {
  const [row] = await tx.query<{ ms: number | null }>(
    `SELECT (extract(epoch FROM min(due_at) - clock_timestamp()) * 1000)::float8 AS ms
     FROM subscription_deliveries
     WHERE subscription_id = $1 AND state IN ('waiting', 'out') AND due_at > clock_timestamp()`,
    [id],
  );
  return row?.ms ?? undefined;
}
