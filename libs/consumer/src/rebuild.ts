import { LANES } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import { catchUp } from './catch-up.ts';
import type { SessionContext } from './context.ts';
import { type Generation, switchGeneration } from './generation.ts';
import { Intake } from './intake.ts';
import type { GenerationName } from './marks.ts';
import { ProgressBoard } from './progress-board.ts';
import { Turn } from './turn.ts';

/** Nothing but the rebuild applies events to what it makes. */
const STRANDS = 2;
const ALL_LANES = Array.from({ length: LANES }, (_, lane) => lane);

/**
 * Fills a generation that was begun from the log alone, beside the one that serves, and lets it serve.
 *
 *   new schema → fold the log to its head → note the old one's offsets → fold the rest → switch
 *
 * The offsets noted are taken over. They are read before the head of the log: whatever Kafka had
 * below them is in the part that is folded after, whoever of the members stored them. So other
 * members need not stop: what they apply meanwhile to the old generation comes to the new one from
 * Kafka. They find out by themselves (`servingNumber`, CONSUMER_GENERATION_RETIRED) and join the new
 * generation's group. Effects repeat none, because effect marks know no generation.
 *
 * One that was filled in part goes on from its tail cursors; marks drop what was folded beyond them.
 * So nothing is wrong with two members that fill one generation: one of them lets it serve.
 *
 * @throws CONSUMER_GENERATION_RETIRED when another generation has come to serve, or this one has.
 */
export async function rebuild(
  live: SessionContext,
  made: Generation,
  signal: AbortSignal,
): Promise<void> {
  const { database, generation: old } = live;
  // Its own turn: the live rounds go on meanwhile.
  const apart = contextFor(live, made, new Turn());
  const partitions = await tailPartitions(live);
  const whole = { lanes: ALL_LANES, partitions, strands: STRANDS };
  await catchUp(apart, { from: await reachedBy(apart), ...whole }, signal);
  signal.throwIfAborted();
  await live.turn.take(async () => {
    const offsets = await offsetsOf(database, old);
    await catchUp(apart, { from: await reachedBy(apart), ...whole }, signal);
    signal.throwIfAborted();
    await database.transaction(async (tx) => {
      await switchGeneration(tx, { old, made });
      await takeOver(tx, made, offsets);
    });
  });
}

function contextFor(live: SessionContext, generation: Generation, turn: Turn): SessionContext {
  const intake = new Intake();
  // A board of its own: what the new generation has is not what the serving one shows.
  const board = new ProgressBoard();
  return { ...live, generation, intake, board, turn, round: { ...live.round, generation, intake } };
}

async function tailPartitions({ database, generation }: SessionContext): Promise<number[]> {
  const rows = await database.query<{ partition: number }>(
    'SELECT partition FROM consumer_tail WHERE consumer = $1 AND generation = $2',
    [generation.consumer, generation.generation],
  );
  return rows.map(({ partition }) => partition);
}

async function reachedBy({ database, generation, epochs }: SessionContext) {
  const [row] = await database.query<{ epoch: string; position: bigint }>(
    `SELECT epoch, position FROM consumer_tail
     WHERE consumer = $1 AND generation = $2 ORDER BY position LIMIT 1`,
    [generation.consumer, generation.generation],
  );
  // The log may have lost its end since.
  return row === undefined ? undefined : epochs.clip(row);
}

/** The offsets of a generation as JSON, as they are now. */
async function offsetsOf(
  database: Queryable,
  { consumer, generation }: GenerationName,
): Promise<string> {
  const [row] = await database.query<{ offsets: string }>(
    `SELECT coalesce(json_agg(o), '[]')::text AS offsets FROM consumer_offsets AS o
     WHERE consumer = $1 AND generation = $2`,
    [consumer, generation],
  );
  return row?.offsets ?? '[]';
}

async function takeOver(
  tx: Queryable,
  { generation }: GenerationName,
  offsets: string,
): Promise<void> {
  await tx.query(
    `INSERT INTO consumer_offsets (consumer, generation, topic, partition, "offset", event_id, epoch,
                                   position)
     SELECT consumer, $1, topic, partition, "offset", event_id, epoch, position
     FROM json_populate_recordset(NULL::consumer_offsets, $2::json)`,
    [generation, offsets],
  );
}
