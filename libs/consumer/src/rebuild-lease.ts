import type { Database, Queryable } from '@nova/postgres';
import type { ConsumerDefinition } from './definition.ts';
import { beginGeneration, type Generation, openBegun } from './generation.ts';
import type { GenerationName } from './marks.ts';

/** How long a rebuild stays with a member that says nothing. */
const TAKEN_FOR = `interval '5 s'`;
/** Takes without getting on after which a rebuild is given up. */
const MOST_TAKES = 10;
const OTHER_VIEWS = 'it was begun for other views than those that serve now';

/** Begins a rebuild, taken by this member. */
export function beginRebuild(
  database: Database,
  definition: ConsumerDefinition,
  {
    member,
    who,
    reason,
  }: { readonly member: string; readonly who: string; readonly reason: string },
): Promise<Generation> {
  return database.transaction(async (tx) => {
    const made = await beginGeneration(tx, definition);
    await tx.query(
      `UPDATE consumer_generations
       SET begun_by = $3, reason = $4, takes = 1, taken_by = $5,
           taken_until = clock_timestamp() + ${TAKEN_FOR}
       WHERE consumer = $1 AND generation = $2`,
      [made.consumer, made.generation, who, reason, member],
    );
    return made;
  });
}

/**
 * Takes up a rebuild that nobody works on: its member has died or was stopped. Ends it when its views
 * are no longer those of this consumer, and when it was taken too often without getting on: it may be
 * what kills those who take it.
 */
export function takeUpRebuild(
  database: Database,
  definition: ConsumerDefinition,
  member: string,
): Promise<{ readonly made: Generation; readonly takes: number } | undefined> {
  return database.transaction(async (tx) => {
    const [left] = await tx.query<GenerationName & { takes: number; reached: bigint }>(
      `SELECT consumer, generation, reached,
              CASE WHEN reached > taken_from THEN 1 ELSE takes + 1 END AS takes
       FROM consumer_generations AS g,
         LATERAL (SELECT coalesce(min(t.position), 0) AS reached FROM consumer_tail AS t
                  WHERE t.consumer = g.consumer AND t.generation = g.generation) AS tail
       WHERE consumer = $1 AND state = 'building' AND begun_by IS NOT NULL
         AND (taken_until IS NULL OR taken_until < clock_timestamp())
       ORDER BY generation DESC LIMIT 1 FOR UPDATE OF g SKIP LOCKED`,
      [definition.name],
    );
    if (left === undefined) return undefined;
    const { takes, reached } = left;
    const made = await openBegun(tx, definition, left.generation);
    if (made === undefined || takes > MOST_TAKES) {
      const why = made === undefined ? OTHER_VIEWS : `${takes - 1} processes died over it`;
      await endRebuild(tx, left, why);
      return undefined;
    }
    await tx.query(
      `UPDATE consumer_generations
       SET taken_by = $3, taken_until = clock_timestamp() + ${TAKEN_FOR}, takes = $4, taken_from = $5
       WHERE consumer = $1 AND generation = $2`,
      [left.consumer, left.generation, member, takes, reached],
    );
    return { made, takes };
  });
}

/** Keeps a rebuild for this member a while longer; false when it has ended or another one has it. */
export async function keepRebuild(
  database: Queryable,
  { consumer, generation }: GenerationName,
  member: string,
): Promise<boolean> {
  const kept = await database.query(
    `UPDATE consumer_generations SET taken_until = clock_timestamp() + ${TAKEN_FOR}
     WHERE consumer = $1 AND generation = $2 AND state = 'building' AND taken_by = $3 RETURNING 1`,
    [consumer, generation, member],
  );
  return kept.length > 0;
}

/** Gives a rebuild back: whoever can goes on with it. That was no death. */
export async function giveBackRebuild(
  database: Queryable,
  { consumer, generation }: GenerationName,
  member: string,
): Promise<void> {
  await database.query(
    `UPDATE consumer_generations SET taken_by = NULL, taken_until = NULL, takes = takes - 1
     WHERE consumer = $1 AND generation = $2 AND state = 'building' AND taken_by = $3`,
    [consumer, generation, member],
  );
}

/** Ends a rebuild that cannot be finished. */
export async function endRebuild(
  database: Queryable,
  { consumer, generation }: GenerationName,
  failure: string,
): Promise<void> {
  await database.query(
    `UPDATE consumer_generations
     SET state = 'retired', retired_at = clock_timestamp(), failure = $3
     WHERE consumer = $1 AND generation = $2 AND state = 'building'`,
    [consumer, generation, failure],
  );
}
