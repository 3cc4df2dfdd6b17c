import type { StoredEvent } from '@nova/events';
import { type AggregateName, aggregateKey } from './aggregate.ts';
import type { IncomingRecord } from './delivery-source.ts';
import type { RecordEntry } from './record-entry.ts';

/** One arrival of one event: a record of Kafka, or read from the log. */
export interface Delivery {
  readonly event: StoredEvent;
  /** {@link aggregateKey} of its aggregate. */
  readonly aggregate: string;
  /** Undefined when the event was read from the log. */
  readonly entry: RecordEntry | undefined;
  /** What came besides the event itself; undefined when it was read from the log. */
  readonly record: Pick<IncomingRecord, 'headers' | 'timestamp'> | undefined;
}

/** Deliveries of a round by aggregate, each list sorted by version. */
export type Deliveries = ReadonlyMap<string, readonly Delivery[]>;

/** An event as a delivery. */
export function deliveryOf(
  event: StoredEvent,
  entry?: RecordEntry,
  record?: Delivery['record'],
): Delivery {
  return { event, aggregate: aggregateKey(event), entry, record };
}

/** Groups deliveries by aggregate and sorts each group by version. */
export function byAggregate(deliveries: Iterable<Delivery>): Map<string, Delivery[]> {
  const groups = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const group = groups.get(delivery.aggregate);
    if (group === undefined) groups.set(delivery.aggregate, [delivery]);
    else group.push(delivery);
  }
  for (const group of groups.values()) group.sort(byVersion);
  return groups;
}

/** The aggregate that a group of deliveries belongs to. */
export function nameOf(group: readonly Delivery[]): AggregateName {
  const [first] = group;
  if (first === undefined) throw new TypeError('a group of deliveries is empty');
  return first.event;
}

function byVersion(a: Delivery, b: Delivery): number {
  const difference = a.event.aggregateVersion - b.event.aggregateVersion;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
