import { type AggregateName, aggregateKey } from './aggregate.ts';
import { applyRound } from './apply-round.ts';
import type { SessionContext } from './context.ts';
import type { Delivery } from './delivery.ts';
import { merge } from './fill.ts';
import { enterGeneration } from './generation.ts';
import { readWhole } from './read-aggregates.ts';
import { roundOf } from './round.ts';

/**
 * Folds an aggregate anew from the log, in one transaction: the log has lost events that its mark
 * counts as applied, or the mark cannot be trusted.
 *
 * @param deliveries of it that wait; they are settled along with it
 */
export async function refold(
  context: SessionContext,
  name: AggregateName,
  deliveries: readonly Delivery[] = [],
): Promise<void> {
  const { log, meters, generation, round, logger } = context;
  meters.readLog('refold');
  const events = await readWhole(log, name, [...generation.eventTypes.keys()]);
  logger.info(
    { aggregate_type: name.aggregateType, aggregate_id: name.aggregateId, count: events.length },
    'aggregate folded anew, its mark was not valid',
  );
  const group = merge(deliveries, events);
  if (group.length === 0) {
    await forget(context, name);
    return;
  }
  const aggregate = aggregateKey(name);
  const refolded = new Set([aggregate]);
  await applyRound(context, round, roundOf(new Map([[aggregate, group]]), { refolded }), {
    isLive: false,
  });
}

// The log has nothing of the aggregate any more: neither has the view.
async function forget(
  { turn, database, generation, board }: SessionContext,
  { aggregateType, aggregateId }: AggregateName,
): Promise<void> {
  await turn.take(() =>
    database.transaction(async (tx) => {
      await enterGeneration(tx, generation);
      for (const table of generation.tables) {
        if (table.view.aggregateType !== aggregateType) continue;
        await tx.query(table.sql.removeAggregates, [[aggregateId]]);
      }
      await tx.query(
        `DELETE FROM consumer_progress WHERE consumer = $1 AND generation = $2
           AND aggregate_type = $3 AND aggregate_id = $4`,
        [generation.consumer, generation.generation, aggregateType, aggregateId],
      );
    }),
  );
  board.clear();
}
