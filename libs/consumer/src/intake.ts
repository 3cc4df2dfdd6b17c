import { decodeRecord } from '@nova/events';
import { type Clock, systemClock } from '@nova/time';
import { type Delivery, deliveryOf } from './delivery.ts';
import {
  type DeliveredBatch,
  type IncomingRecord,
  partitionKey,
  type TopicPartition,
} from './delivery-source.ts';
import { type ForeignRecord, foreignIdentity } from './foreign.ts';
import { PartitionLog } from './partition-log.ts';
import type { RecordEntry, RecordIdentity, RecordPartition, StoredOffset } from './record-entry.ts';

/** What a round takes at most. */
export interface RoundBounds {
  readonly events: number;
  readonly bytes: number;
}

/** What happened to a batch. */
export type Taken = 'taken' | 'unknown partition' | 'not the stored record';

/**
 * Everything that has arrived and is not settled, by partition. Pure memory.
 *
 *   batch --> record by record: foreign, or a delivery that waits --> taken by a round
 *
 * A partition whose offset was stored takes nothing before its first record is seen to be the stored
 * one.
 */
export class Intake {
  readonly #partitions = new Map<string, PartitionLog>();
  /** Counts how often partitions were taken away. */
  revocations = 0;
  readonly #clock: Clock;
  #foreign: ForeignRecord[] = [];
  #turn = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  assign(partition: TopicPartition, stored: StoredOffset | undefined): void {
    const known = this.#partitions.get(partitionKey(partition));
    if (known !== undefined) known.isAssigned = false;
    this.#partitions.set(partitionKey(partition), new PartitionLog(partition, stored, this.#clock));
  }

  /** Forgets partitions and what waits of them. */
  revoke(partitions: readonly TopicPartition[]): void {
    this.revocations += 1;
    for (const one of partitions) {
      const partition = this.#partitions.get(partitionKey(one));
      if (partition === undefined) continue;
      partition.isAssigned = false;
      partition.waiting.length = 0;
      this.#partitions.delete(partitionKey(one));
    }
    this.#foreign = this.#foreign.filter(({ entry }) => entry.partition.isAssigned);
  }

  partitions(): readonly PartitionLog[] {
    return [...this.#partitions.values()];
  }

  get(partition: TopicPartition): PartitionLog | undefined {
    return this.#partitions.get(partitionKey(partition));
  }

  /** Takes over how far the source has delivered; see {@link PartitionLog.deliveredTo}. */
  deliveredTo(offsets: ReadonlyMap<string, bigint>): void {
    for (const [key, partition] of this.#partitions) {
      const offset = offsets.get(key);
      if (offset !== undefined) partition.deliveredTo(offset);
    }
  }

  /** Deliveries that no round has taken yet. */
  waitingCount(): number {
    let count = this.#foreign.length;
    for (const { waiting } of this.#partitions.values()) count += waiting.length;
    return count;
  }

  take(batch: DeliveredBatch): Taken {
    const partition = this.get(batch);
    if (partition === undefined) return 'unknown partition';
    partition.endsAt(batch.highWatermark);
    for (const record of batch.records) {
      const { unverified } = partition;
      if (unverified === undefined && record.offset < partition.nextOffset) continue;
      const { identity, event, reason } = read(batch, record);
      if (unverified !== undefined) {
        if (!isStored(unverified, record, identity)) return 'not the stored record';
        partition.unverified = undefined;
        partition.nextOffset = record.offset + 1n;
        continue;
      }
      const entry = partition.open(record.offset, identity);
      if (event === undefined) this.#foreign.push({ entry, record, reason });
      else partition.waiting.push(deliveryOf(event, entry, record));
    }
    return 'taken';
  }

  /** Bytes of payload that no round has taken yet. */
  waitingBytes(): number {
    let bytes = 0;
    for (const { waiting } of this.#partitions.values()) {
      for (const { event } of waiting) bytes += event.payload.length;
    }
    return bytes;
  }

  /**
   * Takes what waits within the bounds: of all partition numbers in turn, so that one that is behind
   * holds up no other, and of each the oldest, so that no event is taken before one of another topic
   * that it follows. Where a topic runs out that has more, younger events of its number are left for
   * the next round, when more of it may have been fetched.
   */
  round({ events, bytes }: RoundBounds): { deliveries: Delivery[]; foreign: ForeignRecord[] } {
    const deliveries: Delivery[] = [];
    const lines = this.#lines();
    let size = 0;
    let isOver = false;
    while (!isOver) {
      isOver = true;
      for (const line of lines) {
        if (deliveries.length >= events || size >= bytes) break;
        const delivery = nextOf(line);
        if (delivery === undefined) continue;
        deliveries.push(delivery);
        size += delivery.event.payload.length;
        isOver = false;
      }
    }
    for (const { partition, taken } of lines.flat()) partition.waiting.splice(0, taken);
    const foreign = this.#foreign.splice(0, events);
    return { deliveries, foreign };
  }

  /** What waits by partition number, beginning with another number each time. */
  #lines(): Waiting[][] {
    const waiting = this.partitions()
      .filter((partition) => partition.standsFor.size === 0 && partition.waiting.length > 0)
      .map((partition): Waiting => ({ partition, taken: 0 }));
    const lines = [...Map.groupBy(waiting, ({ partition }) => partition.partition).values()];
    const first = lines.length === 0 ? 0 : this.#turn % lines.length;
    this.#turn += 1;
    return [...lines.slice(first), ...lines.slice(0, first)];
  }

  /** Takes what waits of these aggregates, wherever it is in line. */
  pull(aggregates: ReadonlySet<string>): Delivery[] {
    const pulled: Delivery[] = [];
    for (const partition of this.#partitions.values()) {
      if (partition.standsFor.size > 0) continue;
      if (!partition.waiting.some(({ aggregate }) => aggregates.has(aggregate))) continue;
      const left: Delivery[] = [];
      for (const delivery of partition.waiting) {
        (aggregates.has(delivery.aggregate) ? pulled : left).push(delivery);
      }
      partition.waiting.splice(0, partition.waiting.length, ...left);
    }
    return pulled;
  }

  /** Offsets that could be stored if `settling` were settled, one per partition at most. */
  frontiers(settling: ReadonlySet<RecordEntry>): readonly StoredOffset[] {
    const partitions = new Set([...settling].map(({ partition }) => partition));
    return [...partitions].flatMap((partition) => {
      if (!partition.isAssigned) return [];
      return partition.frontier(settling) ?? [];
    });
  }

  /** Notes that these records are settled for good. */
  settle(settled: ReadonlySet<RecordEntry>): void {
    const partitions = new Set<RecordPartition>();
    for (const entry of settled) {
      entry.isSettled = true;
      partitions.add(entry.partition);
    }
    for (const partition of partitions) partition.shift();
  }
}

/** A partition in a round, and how much of what waits of it the round takes. */
interface Waiting {
  readonly partition: PartitionLog;
  taken: number;
}

/**
 * The oldest event that waits of some topics; of a topic they come in the order of the log. Undefined
 * also when one of them has run out in this round and has more in Kafka.
 */
function nextOf(line: readonly Waiting[]): Delivery | undefined {
  let oldest: Waiting | undefined;
  let next: Delivery | undefined;
  for (const one of line) {
    const head = one.partition.waiting[one.taken];
    if (head === undefined && !one.partition.isDrained()) return undefined;
    if (head === undefined) continue;
    if (next !== undefined && positionOf(head) >= positionOf(next)) continue;
    oldest = one;
    next = head;
  }
  if (oldest !== undefined) oldest.taken += 1;
  return next;
}

function positionOf({ event }: Delivery): bigint {
  return event.position.position;
}

type ReadRecord =
  | { readonly identity: RecordIdentity; readonly event: Delivery['event']; readonly reason: '' }
  | { readonly identity: RecordIdentity; readonly event: undefined; readonly reason: string };

function read({ topic, partition }: DeliveredBatch, record: IncomingRecord): ReadRecord {
  const { key, value, headers } = record;
  const decoded = decodeRecord(topic, partition, key ?? null, value ?? null, headers);
  if (!decoded.ok) {
    return { identity: foreignIdentity(record), event: undefined, reason: decoded.reason };
  }
  const { eventId, position } = decoded.event;
  return { identity: { eventId, ...position }, event: decoded.event, reason: '' };
}

function isStored(
  { offset, identity }: StoredOffset,
  record: IncomingRecord,
  { eventId, epoch, position }: RecordIdentity,
): boolean {
  return (
    record.offset === offset &&
    identity.eventId === eventId &&
    identity.epoch === epoch &&
    identity.position === position
  );
}
