import { decodeRecord } from '@nova/events';
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
  #foreign: ForeignRecord[] = [];
  #next = 0;

  assign(partition: TopicPartition, stored: StoredOffset | undefined): void {
    const known = this.#partitions.get(partitionKey(partition));
    if (known !== undefined) known.isAssigned = false;
    this.#partitions.set(partitionKey(partition), new PartitionLog(partition, stored));
  }

  /** Forgets partitions and what waits of them. */
  revoke(partitions: readonly TopicPartition[]): void {
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
    if (batch.highWatermark > partition.highWatermark)
      partition.highWatermark = batch.highWatermark;
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

  /** Takes what waits, from all partitions in turn, within the bounds. */
  round({ events, bytes }: RoundBounds): { deliveries: Delivery[]; foreign: ForeignRecord[] } {
    const deliveries: Delivery[] = [];
    const sources = this.partitions();
    let size = 0;
    for (let index = 0; index < sources.length; index += 1) {
      const partition = sources[(this.#next + index) % sources.length];
      if (partition === undefined || partition.standsFor.size > 0) continue;
      let count = 0;
      for (const delivery of partition.waiting) {
        if (deliveries.length + count >= events || size >= bytes) break;
        size += delivery.event.payload.length;
        count += 1;
      }
      if (count > 0) deliveries.push(...partition.waiting.splice(0, count));
    }
    this.#next = sources.length === 0 ? 0 : (this.#next + 1) % sources.length;
    const foreign = this.#foreign.splice(0, events);
    return { deliveries, foreign };
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
