import type { Queryable } from '@nova/postgres';
import { sleep } from '@nova/time';
import type { SessionContext } from '../context.ts';
import type { PartOutcome } from './act-parts.ts';
import { type EffectSelection, SELECTED_EFFECTS, selectedEffectValues } from './selection.ts';
import { timeText } from './time-text.ts';

const OUTCOME_WITHIN_MS = 5000;
const LOOK_EVERY_MS = 100;

/** An effect that was refused; those behind it for the same target wait. */
export interface ParkedEffect {
  /** Its place in the order of writing. */
  readonly sequence: bigint;
  readonly effectId: string;
  readonly effect: string;
  readonly effectKey: string;
  readonly target: string;
  readonly sourceEventId: string;
  readonly reason: string;
  /** RFC 3339, UTC, microseconds. */
  readonly createdAt: string;
  readonly parkedAt: string;
  /** Effects that wait behind it. */
  readonly waitingBehind: number;
}

interface EffectName {
  readonly lane: number;
  readonly sequence: bigint;
}

/** Parked effects in the order of writing. */
export function listParkedEffects(
  database: Queryable,
  consumer: string,
  page: { readonly selection: EffectSelection; readonly limit: number; readonly after: bigint },
): Promise<readonly ParkedEffect[]> {
  return database.query<ParkedEffect>(
    `SELECT f.sequence, f.effect_id::text AS "effectId", f.effect, f.effect_key AS "effectKey",
            f.target, f.source_event_id AS "sourceEventId", coalesce(f.reason, '') AS reason,
            ${timeText('f.created_at')} AS "createdAt",
            coalesce(${timeText('f.parked_at')}, '') AS "parkedAt",
            (SELECT count(*)::integer FROM consumer_effects AS w
             WHERE w.consumer = f.consumer AND w.lane = f.lane AND w.target = f.target
               AND w.sequence > f.sequence) AS "waitingBehind"
     ${SELECTED_EFFECTS} AND f.sequence > $6 ORDER BY f.sequence LIMIT $7`,
    [...selectedEffectValues(consumer, page.selection), page.after, page.limit],
  );
}

/** Lets a parked effect be judged again, in its place; those behind it follow if it is accepted. */
export async function replayEffect(
  { database, generation, effectBell }: SessionContext,
  { lane, sequence }: EffectName,
): Promise<PartOutcome> {
  const name = [generation.consumer, lane, sequence];
  const freed = await database.query(
    `UPDATE consumer_effects SET state = 'pending', reason = NULL, parked_at = NULL
     WHERE consumer = $1 AND lane = $2 AND sequence = $3 AND state = 'parked' RETURNING 1`,
    name,
  );
  if (freed.length > 0) effectBell.ring();
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const [row] = await database.query<{ state: string; reason: string | null }>(
      `SELECT state, reason FROM consumer_effects
       WHERE consumer = $1 AND lane = $2 AND sequence = $3`,
      name,
    );
    if (row === undefined) return { outcome: 'done', detail: '' };
    if (row.state === 'parked') return { outcome: 'failed', detail: row.reason ?? '' };
    if (waitedMs >= OUTCOME_WITHIN_MS) return { outcome: 'done', detail: 'it waits for its turn' };
    await sleep(LOOK_EVERY_MS);
  }
}

/** Removes a parked effect; the act keeps it. Those behind it follow. */
export async function discardEffect(
  { database, generation, effectBell }: SessionContext,
  { lane, sequence }: EffectName,
): Promise<PartOutcome> {
  const [row] = await database.query<{ effect_id: string; whole: string }>(
    `DELETE FROM consumer_effects AS f
     WHERE consumer = $1 AND lane = $2 AND sequence = $3 AND state = 'parked'
     RETURNING effect_id::text, to_jsonb(f)::text AS whole`,
    [generation.consumer, lane, sequence],
  );
  if (row === undefined) return { outcome: 'gone', detail: 'it is not parked any more' };
  effectBell.ring();
  return { outcome: 'done', detail: row.effect_id, discarded: row.whole };
}
