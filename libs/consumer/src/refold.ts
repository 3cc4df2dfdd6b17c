import { NovaError } from '@nova/errors';
import type { StoredEvent } from '@nova/events';
import { type AggregateName, aggregateKey } from './aggregate.ts';
import { applyRound } from './apply-round.ts';
import type { SessionContext } from './context.ts';
import type { Delivery } from './delivery.ts';
import { errors } from './errors.ts';
import { merge } from './fill.ts';
import { enterGeneration } from './generation.ts';
import { lockMarks } from './marks.ts';
import { readWhole } from './read-aggregates.ts';
import { roundOf } from './round.ts';

/** How often it is tried while other members apply newer events meanwhile. */
const MOST_TRIES = 10;

/**
 * Folds an aggregate anew from the log, in one transaction: the log has lost events that its mark
 * counts as applied, or an operator wants it. What is applied to it by others between the read and
 * the transaction is read as well, so that no row ever goes back.
 *
 * @param deliveries of it that wait; they are settled along with it
 * @throws CONSUMER_AGGREGATE_BUSY when it changes faster than it can be folded
 */
export async function refold(
  context: SessionContext,
  name: AggregateName,
  deliveries: readonly Delivery[] = [],
): Promise<void> {
  const { log, meters, generation, round, logger } = context;
  const eventTypes = [...generation.eventTypes.keys()];
  const aggregate = aggregateKey(name);
  const refolded = new Set([aggregate]);
  const events: StoredEvent[] = [];
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    meters.readLog('refold');
    events.push(...(await readWhole(log, name, eventTypes, events.at(-1)?.aggregateVersion)));
    const group = merge(deliveries, events);
    if (group.length === 0) {
      if (await forget(context, name)) return;
      continue;
    }
    const planned = roundOf(new Map([[aggregate, group]]), { refolded });
    const { invalid } = await applyRound(context, round, planned, { isLive: false });
    if (invalid.length > 0) continue;
    const { aggregateType, aggregateId } = name;
    const fields = { aggregate_type: aggregateType, aggregate_id: aggregateId };
    logger.info({ ...fields, count: events.length }, 'aggregate folded anew');
    return;
  }
  throw new NovaError(errors.CONSUMER_AGGREGATE_BUSY, { aggregate });
}

/**
 * The log has nothing of the aggregate any more: neither has the view.
 *
 * @returns false when something of it was applied since the log was read
 */
async function forget(
  { turn, database, generation, board, epochs }: SessionContext,
  name: AggregateName,
): Promise<boolean> {
  const { aggregateType, aggregateId } = name;
  const isForgotten = await turn.take(() =>
    database.transaction(async (tx) => {
      await enterGeneration(tx, generation);
      const mark = (await lockMarks(tx, generation, [name])).get(aggregateKey(name));
      if (mark !== undefined && mark.version > 0n && epochs.isValid(mark)) return false;
      for (const table of generation.tables) {
        if (table.view.aggregateType !== aggregateType) continue;
        await tx.query(table.sql.removeAggregates, [[aggregateId]]);
      }
      await tx.query(
        `DELETE FROM consumer_progress WHERE consumer = $1 AND generation = $2
           AND aggregate_type = $3 AND aggregate_id = $4`,
        [generation.consumer, generation.generation, aggregateType, aggregateId],
      );
      return true;
    }),
  );
  if (isForgotten) board.clear();
  return isForgotten;
}
