import type { Delivery } from './delivery.ts';

/** The event that must be applied before a delivery may be. */
export interface Predecessor {
  readonly eventType: string;
  readonly version: bigint;
}

/** What may happen to the deliveries of one aggregate. */
export interface Verdict {
  /** To be applied, in this order. */
  readonly apply: readonly Delivery[];
  /** Already applied, or the second copy of one that is about to be. */
  readonly duplicates: readonly Delivery[];
  /** To wait; the first one waits for `missing`, the others for the first. */
  readonly held: readonly Delivery[];
  readonly missing: Predecessor | undefined;
}

/**
 * The order guard: lets a delivery pass only when its predecessor among the subscribed event types
 * is applied. Topics are one per event type, so Kafka keeps no order across the types of an
 * aggregate; `previous` of an event names, for each type, the version that came before it, so a
 * consumer of some of the types knows which event must come first and never waits for types that it
 * does not have.
 *
 * @param appliedVersion mark of the aggregate, 0 = none
 * @param deliveries of one aggregate, sorted by version
 */
export function guardOrder(
  appliedVersion: bigint,
  subscribed: ReadonlySet<string>,
  deliveries: readonly Delivery[],
): Verdict {
  const apply: Delivery[] = [];
  const duplicates: Delivery[] = [];
  let reached = appliedVersion;
  for (const [index, delivery] of deliveries.entries()) {
    const { aggregateVersion } = delivery.event;
    if (aggregateVersion <= reached) {
      duplicates.push(delivery);
      continue;
    }
    const predecessor = predecessorOf(delivery, subscribed);
    if (predecessor !== undefined && predecessor.version > reached) {
      // Later versions have this one, or what it waits for, among their predecessors.
      return { apply, duplicates, held: deliveries.slice(index), missing: predecessor };
    }
    apply.push(delivery);
    reached = aggregateVersion;
  }
  return { apply, duplicates, held: [], missing: undefined };
}

/** The last event before a delivery that this consumer consumes; undefined when there is none. */
function predecessorOf(
  delivery: Delivery,
  subscribed: ReadonlySet<string>,
): Predecessor | undefined {
  let last: Predecessor | undefined;
  for (const [eventType, version] of Object.entries(delivery.event.previous)) {
    if (subscribed.has(eventType) && version > (last?.version ?? 0n)) last = { eventType, version };
  }
  return last;
}

/** Types of which the deliveries of one aggregate name an event that is neither applied nor here. */
export function missingTypes(
  appliedVersion: bigint,
  subscribed: ReadonlySet<string>,
  deliveries: readonly Delivery[],
): string[] {
  const here = new Set(deliveries.map(({ event }) => event.aggregateVersion));
  const missing = new Set<string>();
  for (const { event } of deliveries) {
    for (const [eventType, version] of Object.entries(event.previous)) {
      if (version <= appliedVersion || here.has(version) || !subscribed.has(eventType)) continue;
      missing.add(eventType);
    }
  }
  return [...missing];
}
