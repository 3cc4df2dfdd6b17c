import { NovaError } from '@nova/errors';
import type { StoredEvent } from '@nova/events';
import type { SessionContext } from './context.ts';
import { byAggregate, type Delivery, deliveryOf, nameOf } from './delivery.ts';
import { errors } from './errors.ts';
import { guardOrder, missingTypes } from './order-guard.ts';
import { eventsPerAggregate, readAggregates } from './read-aggregates.ts';
import type { Round } from './round.ts';

/** Deliveries of a round, completed from the log. */
export interface Filled {
  readonly deliveries: Map<string, Delivery[]>;
  /** Aggregates whose missing event the log does not have either. */
  readonly condemned: Round['condemned'];
}

/**
 * Reads what held aggregates miss from the log: many aggregates per call, some events of each.
 * Nothing is read for those that can go on with what has arrived meanwhile, and of the others only
 * the types that are late: everything else is there, or comes in its time.
 */
export async function fillGaps(
  context: SessionContext,
  deliveries: Map<string, Delivery[]>,
  due: ReadonlySet<string>,
): Promise<Filled> {
  const { generation, pen, log, meters } = context;
  const subscribed = new Set(generation.eventTypes.keys());
  const wanted = [...due].flatMap((aggregate) => {
    const group = deliveries.get(aggregate) ?? [];
    const afterVersion = pen.appliedVersion(aggregate);
    const { missing } = guardOrder(afterVersion, subscribed, group);
    if (group.length === 0 || missing === undefined) return [];
    const eventTypes = missingTypes(afterVersion, subscribed, group);
    return [{ aggregate, ...nameOf(group), afterVersion, missing, eventTypes }];
  });
  const condemned = new Map<string, { version: bigint; thrown: unknown }>();
  if (wanted.length === 0) return { deliveries, condemned };
  meters.readLog('fill');
  const limit = eventsPerAggregate(wanted.length);
  const found = await readAggregates(log, wanted, limit);
  const complete = new Map(deliveries);
  for (const { aggregate, afterVersion, missing } of wanted) {
    const group = deliveries.get(aggregate) ?? [];
    const late = lateFor(group, found.get(aggregate) ?? []);
    meters.filled(late.length);
    const whole = merge(group, late);
    complete.set(aggregate, whole);
    const first = guardOrder(afterVersion, subscribed, whole);
    const [held] = first.held;
    // The log's part may end before the gap does; then the next round reads on.
    if (held !== undefined && first.apply.length === 0) {
      const thrown = new NovaError(errors.CONSUMER_PREDECESSOR_MISSING, {
        version: missing.version,
      });
      condemned.set(aggregate, { version: held.event.aggregateVersion, thrown });
    }
  }
  return { deliveries: complete, condemned };
}

/** Events of the log before the last delivery; what comes after it will be delivered in its time. */
export function lateFor(group: readonly Delivery[], events: readonly StoredEvent[]): StoredEvent[] {
  const last = group.at(-1)?.event.aggregateVersion ?? 0n;
  return missingOf(group, events).filter(({ aggregateVersion }) => aggregateVersion < last);
}

/** Adds events of the log to deliveries; a version that was delivered keeps its delivery. */
export function merge(group: readonly Delivery[], late: readonly StoredEvent[]): Delivery[] {
  const all = [...group, ...missingOf(group, late).map((event) => deliveryOf(event))];
  return [...byAggregate(all).values()][0] ?? [];
}

function missingOf(group: readonly Delivery[], events: readonly StoredEvent[]): StoredEvent[] {
  const known = new Set(group.map(({ event }) => event.aggregateVersion));
  return events.filter(({ aggregateVersion }) => !known.has(aggregateVersion));
}
