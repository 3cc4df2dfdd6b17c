import { LANES } from '@nova/events';
import { catchUp } from './catch-up.ts';
import type { SessionContext } from './context.ts';
import { type Generation, makeGeneration, retire, serve } from './generation.ts';
import { Intake } from './intake.ts';
import { Turn } from './turn.ts';

const ALL_LANES = Array.from({ length: LANES }, (_, lane) => lane);

/**
 * Makes the next generation from the log alone, beside the one that serves, and lets it serve.
 *
 *   new schema → fold the log to its head → stop the old one's rounds → fold the rest → switch
 *
 * The old generation's offsets are taken over: everything that Kafka had at them is in the log that
 * was folded. Effects repeat none, because effect marks know no generation.
 */
export async function rebuild(live: SessionContext, signal: AbortSignal): Promise<Generation> {
  const { database, definition, generation: old } = live;
  const made = await database.transaction((tx) => makeGeneration(tx, definition));
  // Its own turn: the live rounds go on meanwhile.
  const apart = contextFor(live, made, new Turn());
  const partitions = await tailPartitions(live);
  await catchUp(apart, { from: undefined, lanes: ALL_LANES, partitions }, signal);
  return live.turn.take(async () => {
    const from = await reachedBy(apart, partitions);
    await catchUp(apart, { from, lanes: ALL_LANES, partitions }, signal);
    await database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO consumer_offsets (consumer, generation, topic, partition, "offset", event_id,
                                       epoch, position)
         SELECT consumer, $3, topic, partition, "offset", event_id, epoch, position
         FROM consumer_offsets WHERE consumer = $1 AND generation = $2`,
        [old.consumer, old.generation, made.generation],
      );
      await retire(tx, old);
      await serve(tx, made);
    });
    return made;
  });
}

function contextFor(live: SessionContext, generation: Generation, turn: Turn): SessionContext {
  const intake = new Intake();
  return { ...live, generation, intake, turn, round: { ...live.round, generation, intake } };
}

async function tailPartitions({ database, generation }: SessionContext): Promise<number[]> {
  const rows = await database.query<{ partition: number }>(
    'SELECT partition FROM consumer_tail WHERE consumer = $1 AND generation = $2',
    [generation.consumer, generation.generation],
  );
  return rows.map(({ partition }) => partition);
}

async function reachedBy({ database, generation }: SessionContext, partitions: readonly number[]) {
  const [row] = await database.query<{ epoch: string; position: bigint }>(
    `SELECT epoch, position FROM consumer_tail
     WHERE consumer = $1 AND generation = $2 AND partition = ANY ($3::integer[])
     ORDER BY position LIMIT 1`,
    [generation.consumer, generation.generation, partitions],
  );
  return row;
}
