import type { StoredEvent } from '@nova/events';
import { type AggregateName, aggregateKey } from './aggregate.ts';
import type { AggregateRange, LogReader } from './log-reader.ts';

/** Most events of one aggregate that are read for one round. */
export const EVENTS_PER_AGGREGATE = 500;

/** About how many events one round takes from the log, however many aggregates they are of. */
const EVENTS_PER_ROUND = 4000;
const FEWEST_PER_AGGREGATE = 20;
/** Most aggregates that are read for one round. */
export const AGGREGATES_PER_ROUND = EVENTS_PER_ROUND / FEWEST_PER_AGGREGATE;

/** How many events of each of so many aggregates are read for one round. */
export function eventsPerAggregate(aggregates: number): number {
  const fair = Math.floor(EVENTS_PER_ROUND / Math.max(1, aggregates));
  return Math.max(FEWEST_PER_AGGREGATE, Math.min(EVENTS_PER_AGGREGATE, fair));
}

/** An aggregate whose events are wanted from the log. */
export interface WantedEvents extends AggregateName {
  readonly afterVersion: bigint;
}

/** Reads the next events of many aggregates in one call, by {@link aggregateKey}. */
export async function readAggregates(
  log: LogReader,
  ranges: readonly AggregateRange[],
  limit = EVENTS_PER_AGGREGATE,
): Promise<Map<string, StoredEvent[]>> {
  const found = new Map<string, StoredEvent[]>();
  for await (const events of log.readAggregates(ranges, limit)) {
    for (const event of events) {
      const key = aggregateKey(event);
      const known = found.get(key);
      if (known === undefined) found.set(key, [event]);
      else known.push(event);
    }
  }
  return found;
}

/** All events of one aggregate, or those after a version, page by page. */
export async function readWhole(
  log: LogReader,
  name: AggregateName,
  eventTypes: readonly string[],
  after = 0n,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const afterVersion = events.at(-1)?.aggregateVersion ?? after;
    const page = await readAggregates(log, [{ ...name, afterVersion, eventTypes }]);
    const next = page.get(aggregateKey(name)) ?? [];
    events.push(...next);
    if (next.length < EVENTS_PER_AGGREGATE) return events;
  }
}
