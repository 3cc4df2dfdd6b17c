import type { Database, Queryable } from '@nova/postgres';
import { dropGenerationSchema, generationSchema } from '@nova/projection';
import { sleep } from '@nova/time';
import type { ConsumerContext } from './context.ts';

const KEPT_BY_GENERATION = [
  'consumer_progress',
  'consumer_offsets',
  'consumer_tail',
  'parked_events',
  'parked_aggregates',
];
const PURGE_EVERY_MS = 20_000;
const PURGE_BATCH = 5000;
const PURGE_TIMEOUT_MS = 60_000;
/** Longer than any transaction lives that began before the generation ended. */
const KEPT_FOR_S = 15;

/** Purges every now and then. */
export async function runPurges(
  { database, definition, logger }: ConsumerContext,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await purgeRetired(database, definition.name).catch((thrown: unknown) => {
      logger.debug({ err: thrown }, 'generations that have ended are not removed yet');
    });
    await sleep(PURGE_EVERY_MS, stop);
  }
}

/**
 * Removes everything of generations that ended a moment ago: schema, marks, offsets and parked
 * copies, in small statements. Not at once, because other members read them until they know.
 */
export async function purgeRetired(database: Database, consumer: string): Promise<void> {
  const retired = await database.query<{ generation: number }>(
    `SELECT generation FROM consumer_generations
     WHERE consumer = $1 AND state = 'retired' AND purged_at IS NULL
       AND coalesce(retired_at, '-infinity') < clock_timestamp() - $2 * interval '1 second'`,
    [consumer, KEPT_FOR_S],
  );
  if (retired.length === 0) return;
  // Tables that have grown large take longer than a statement of the pool may.
  await database.session({ statementTimeoutMs: PURGE_TIMEOUT_MS }, async (session) => {
    for (const { generation } of retired) {
      await dropGenerationSchema(session, generationSchema(consumer, generation));
      for (const table of KEPT_BY_GENERATION) await purge(session, table, consumer, generation);
      await session.query(
        `UPDATE consumer_generations SET purged_at = clock_timestamp()
         WHERE consumer = $1 AND generation = $2`,
        [consumer, generation],
      );
    }
  });
}

async function purge(
  database: Queryable,
  table: string,
  consumer: string,
  generation: number,
): Promise<void> {
  let removed = PURGE_BATCH;
  while (removed === PURGE_BATCH) {
    const rows = await database.query(
      `DELETE FROM ${table} WHERE ctid IN (
         SELECT ctid FROM ${table} WHERE consumer = $1 AND generation = $2 LIMIT ${PURGE_BATCH})
       RETURNING 1`,
      [consumer, generation],
    );
    removed = rows.length;
  }
}
