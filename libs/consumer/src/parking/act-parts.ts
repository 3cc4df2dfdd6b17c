import type { Database, Queryable } from '@nova/postgres';
import type { GenerationName } from '../marks.ts';

/** How long a member may work on a part before another one takes it. */
const TAKEN_FOR = `interval '5 s'`;
const MOST_AT_ONCE = 20;
/** How often a slow act takes parts, so that its rate is even. */
const TAKES_A_SECOND = 4;

/** Part of an act, taken by this member. */
export interface TakenPart {
  readonly act_id: string;
  readonly place: number;
  readonly kind: 'replay' | 'discard' | 'refold';
  readonly who: string;
  readonly reason: string;
  readonly aggregate_type: string | null;
  readonly aggregate_id: string | null;
  readonly failed_version: bigint | null;
  readonly effect_lane: number | null;
  readonly effect_sequence: bigint | null;
  /** How often it was taken: more than once after a member has died over it. */
  readonly takes: number;
}

/** What came of a part. */
export interface PartOutcome {
  readonly outcome: 'done' | 'failed' | 'gone';
  readonly detail: string;
  /** An effect that was discarded, as JSON. */
  readonly discarded?: string;
}

/**
 * Takes the next parts of a running act, at its rate; nobody else has them meanwhile. Ends acts whose
 * parts are all done, and those of generations that no longer serve.
 */
export function takeParts(
  database: Database,
  { consumer, generation }: GenerationName,
): Promise<readonly TakenPart[]> {
  return database.transaction(async (tx) => {
    await endActs(tx, consumer, generation);
    const [act] = await tx.query<{ act_id: string; per_second: number }>(
      `SELECT act_id::text, per_second FROM parked_acts AS a
       WHERE consumer = $1 AND generation = $2 AND state = 'running'
         AND next_at <= clock_timestamp()
         AND EXISTS (SELECT FROM parked_act_parts AS p WHERE p.act_id = a.act_id AND outcome IS NULL
                       AND (taken_until IS NULL OR taken_until < clock_timestamp()))
       ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [consumer, generation],
    );
    if (act === undefined) return [];
    const { act_id: actId, per_second: perSecond } = act;
    const wanted = perSecond === 0 ? MOST_AT_ONCE : Math.ceil(perSecond / TAKES_A_SECOND);
    const count = Math.min(MOST_AT_ONCE, wanted);
    await tx.query(
      `UPDATE parked_acts
       SET next_at = clock_timestamp() + $2::float8 * interval '1 second' WHERE act_id = $1`,
      [actId, perSecond === 0 ? 0 : count / perSecond],
    );
    return tx.query<TakenPart>(
      `WITH next AS (
         SELECT place FROM parked_act_parts
         WHERE act_id = $1 AND outcome IS NULL
           AND (taken_until IS NULL OR taken_until < clock_timestamp())
         ORDER BY place LIMIT $2 FOR UPDATE SKIP LOCKED)
       UPDATE parked_act_parts AS p
       SET taken_until = clock_timestamp() + ${TAKEN_FOR}, takes = takes + 1
       FROM next, parked_acts AS a
       WHERE p.act_id = $1 AND p.place = next.place AND a.act_id = p.act_id
       RETURNING p.act_id::text, p.place, a.kind, a.who, a.reason, p.aggregate_type,
         p.aggregate_id, p.failed_version, p.effect_lane, p.effect_sequence, p.takes`,
      [actId, count],
    );
  });
}

async function endActs(tx: Queryable, consumer: string, generation: number): Promise<void> {
  await tx.query(
    `UPDATE parked_acts AS a
     SET state = CASE WHEN generation < $2 THEN 'cancelled' ELSE 'done' END,
         ended_at = clock_timestamp(),
         ended_by = CASE WHEN generation < $2 THEN 'another generation serves' END
     WHERE consumer = $1 AND state = 'running' AND generation <= $2
       AND (generation < $2
            OR NOT EXISTS (SELECT FROM parked_act_parts AS p
                           WHERE p.act_id = a.act_id AND outcome IS NULL))`,
    [consumer, generation],
  );
}

/** Keeps a part for this member a while longer; false when its act was cancelled meanwhile. */
export async function keepPart(database: Queryable, part: TakenPart): Promise<boolean> {
  const kept = await database.query(
    `UPDATE parked_act_parts AS p SET taken_until = clock_timestamp() + ${TAKEN_FOR}
     FROM parked_acts AS a
     WHERE p.act_id = $1 AND p.place = $2 AND outcome IS NULL
       AND a.act_id = p.act_id AND a.state = 'running' RETURNING 1`,
    [part.act_id, part.place],
  );
  return kept.length > 0;
}

/** Gives a part back: it could not be worked on. */
export async function giveBackPart(database: Queryable, part: TakenPart): Promise<void> {
  await database.query(
    `UPDATE parked_act_parts SET taken_until = NULL
     WHERE act_id = $1 AND place = $2 AND outcome IS NULL`,
    [part.act_id, part.place],
  );
}

/** Notes what came of a part. */
export async function endPart(
  database: Queryable,
  part: TakenPart,
  { outcome, detail, discarded }: PartOutcome,
): Promise<void> {
  await database.query(
    `UPDATE parked_act_parts
     SET outcome = $3, detail = $4, discarded = $5, ended_at = clock_timestamp()
     WHERE act_id = $1 AND place = $2 AND outcome IS NULL`,
    [part.act_id, part.place, outcome, detail, discarded ?? null],
  );
}
