import type { LaneTerm } from '@nova/lease';
import type { Database, Queryable } from '@nova/postgres';
import type { JsonValue } from '@nova/proto/runtime';
import type { EffectSource } from './write-effects.ts';

/** An effect that waits to be carried out. */
export interface PendingEffect {
  /** Where its row lies; a row that is changed lies elsewhere. */
  readonly place: string;
  readonly sequence: bigint;
  readonly lane: number;
  readonly effect_id: string;
  readonly effect: string;
  readonly effect_key: string;
  readonly target: string;
  readonly body: JsonValue;
  readonly source_event_id: string;
  readonly source: EffectSource;
}

// Only an index scan marks what is gone: any other plan meets all that was ever written again, each
// time, until the table is vacuumed.
const BY_INDEX = `SELECT set_config('enable_seqscan', 'off', true),
  set_config('enable_bitmapscan', 'off', true)`;

/**
 * The next effects of these lanes in the order of writing, without those behind a parked one, once
 * `done` are removed.
 */
export function nextEffects(
  database: Pick<Database, 'transaction'>,
  consumer: string,
  lanes: readonly LaneTerm[],
  done: readonly PendingEffect[],
  limit: number,
): Promise<PendingEffect[]> {
  return database.transaction(async (tx) => {
    const [, , pending] = await Promise.all([
      finishEffects(tx, consumer, lanes, done),
      tx.query(BY_INDEX),
      tx.query<PendingEffect>(
        `SELECT ctid::text AS place, sequence, lane, effect_id::text, effect, effect_key, target, body,
                source_event_id, source
         FROM consumer_effects AS e
         WHERE consumer = $1 AND lane = ANY ($2::smallint[]) AND state = 'pending'
           AND NOT EXISTS (SELECT FROM consumer_effects AS p
                           WHERE p.consumer = $1 AND p.state = 'parked' AND p.target = e.target)
         ORDER BY sequence LIMIT $3`,
        [consumer, lanes.map(({ lane }) => lane), limit],
      ),
    ]);
    return pending;
  });
}

// Lanes that this process still holds, by the database's clock.
const HELD = `
  SELECT l.lane FROM consumer_effect_lanes AS l
  JOIN unnest($2::smallint[], $3::bigint[]) AS mine (lane, term)
    ON l.lane = mine.lane AND l.term = mine.term
  WHERE l.consumer = $1 AND l.lease_until > clock_timestamp()`;

/**
 * Removes effects that are carried out, by where their rows lie: the table is as large as what was
 * written to it lately, and nearly all of that is gone, so that a plan which searches it reads it all.
 * One whose row was changed meanwhile stays, and is carried out again, which changes nothing.
 */
async function finishEffects(
  database: Queryable,
  consumer: string,
  lanes: readonly LaneTerm[],
  done: readonly PendingEffect[],
): Promise<void> {
  if (done.length === 0) return;
  await database.query(
    `WITH held AS (${HELD})
     DELETE FROM consumer_effects AS e USING held
     WHERE e.ctid = ANY ($4::tid[]) AND e.consumer = $1 AND e.sequence = ANY ($5::bigint[])
       AND e.lane = held.lane`,
    [
      consumer,
      lanes.map(({ lane }) => lane),
      lanes.map(({ term }) => term),
      done.map(({ place }) => place),
      done.map(({ sequence }) => sequence),
    ],
  );
}

/** Parks an effect that is refused: it and what follows it for the same target wait for a person. */
export async function parkEffect(
  database: Queryable,
  consumer: string,
  lanes: readonly LaneTerm[],
  { lane, sequence }: PendingEffect,
  reason: string,
): Promise<void> {
  await database.query(
    `WITH held AS (${HELD})
     UPDATE consumer_effects AS e SET state = 'parked', reason = $6, parked_at = clock_timestamp()
     FROM held WHERE e.consumer = $1 AND e.lane = $4 AND e.sequence = $5 AND held.lane = e.lane`,
    [
      consumer,
      lanes.map((one) => one.lane),
      lanes.map((one) => one.term),
      lane,
      sequence,
      reason.slice(0, 1000),
    ],
  );
}
