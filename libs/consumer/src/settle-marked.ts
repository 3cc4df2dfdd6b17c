import type { RoundContext } from './commit-round.ts';
import type { SessionContext } from './context.ts';
import { byAggregate, type Delivery, nameOf } from './delivery.ts';
import type { FastMarkScope } from './fast-marks.ts';
import { readMarks } from './marks.ts';
import type { RoundResult } from './round.ts';

/**
 * Settles deliveries that come again, without a transaction; answers the others. A fast mark alone
 * drops nothing: the aggregate's own mark, in the database, must say the same. That mark may be read
 * without a lock, for it only moves forward while its epoch is valid. So a mark that is wrong costs
 * one read, and one that is missing costs what every delivery costs.
 */
export async function settleMarked(
  context: SessionContext,
  deliveries: readonly Delivery[],
): Promise<readonly Delivery[]> {
  const { fastMarks, database, generation, epochs, intake, meters, round } = context;
  if (fastMarks === undefined || deliveries.length === 0) return deliveries;
  const ids = deliveries.map(({ event }) => event.eventId);
  const suspected = await fastMarks.find(scopeOf(round), ids);
  const claimed = deliveries.filter(({ event }) => suspected.has(event.eventId));
  if (claimed.length === 0) return deliveries;
  const names = [...byAggregate(claimed).values()].map(nameOf);
  const marks = await readMarks(database, generation, names);
  const applied = new Set(
    claimed.filter(({ aggregate, event }) => {
      const mark = marks.get(aggregate);
      if (mark === undefined || !epochs.isValid(mark)) return false;
      return event.aggregateVersion <= mark.version;
    }),
  );
  intake.settle(new Set([...applied].flatMap(({ entry }) => entry ?? [])));
  meters.duplicates(applied.size);
  return deliveries.filter((delivery) => !applied.has(delivery));
}

/** Notes what a round has applied, or found to be applied. */
export function noteApplied(
  { fastMarks, round }: SessionContext,
  { applied, duplicates }: RoundResult,
): void {
  if (fastMarks === undefined) return;
  const ids = [...applied, ...duplicates].map(({ event }) => event.eventId);
  if (ids.length > 0) fastMarks.note(scopeOf(round), ids);
}

function scopeOf({ effectScope, generation }: RoundContext): FastMarkScope {
  return { consumer: effectScope, generation: generation.generation };
}
