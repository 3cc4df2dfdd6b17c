import type { Clock } from '@nova/time';
import type { AggregateName } from './aggregate.ts';
import type { Delivery } from './delivery.ts';
import type { TopicPartition } from './delivery-source.ts';
import type { RecordEntry, RecordIdentity, RecordPartition, StoredOffset } from './record-entry.ts';

/**
 * An assigned partition: what of it waits, is held, and up to where everything is settled (applied,
 * duplicate, parked or set aside). Its stored offset moves over settled records only, so it stays
 * before the first one that is held.
 */
export class PartitionLog implements RecordPartition {
  readonly topic: string;
  readonly partition: number;
  /** The stored offset, until the record there is seen to be the stored one. */
  unverified: StoredOffset | undefined;
  /** Deliveries that no round has taken yet, in order. */
  readonly waiting: Delivery[] = [];
  /** Deliveries that wait for an earlier event of their aggregate. */
  heldCount = 0;
  isPaused = false;
  /** Too much of these aggregates is parked: nothing more of the partition is taken meanwhile. */
  readonly standsFor = new Map<string, AggregateName>();
  /** Being sought back to its beginning; what arrives meanwhile comes again. */
  isRewinding = false;
  /** False once the partition is no longer this member's. */
  isAssigned = true;
  /** Offset after the last record delivered. */
  nextOffset = 0n;
  /** Monotonic time since which there has been lag; of no meaning without any. */
  lagSinceMs = 0;
  /** Offset before which everything that the partition has is settled. */
  settledTo = 0n;
  readonly #open: RecordEntry[] = [];
  readonly #clock: Clock;
  #highWatermark = 0n;

  constructor(
    { topic, partition }: TopicPartition,
    stored: StoredOffset | undefined,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.topic = topic;
    this.partition = partition;
    this.unverified = stored;
    if (stored !== undefined) {
      this.nextOffset = stored.offset;
      this.settledTo = stored.offset + 1n;
    }
  }

  /** Notes a record as delivered. */
  open(offset: bigint, identity: RecordIdentity): RecordEntry {
    const entry: RecordEntry = { partition: this, offset, identity, isSettled: false };
    this.#open.push(entry);
    this.nextOffset = offset + 1n;
    return entry;
  }

  /** Takes back what a round could not do; it waits in front, in its order. */
  giveBack(deliveries: readonly Delivery[]): void {
    this.waiting.unshift(...deliveries);
    this.waiting.sort((a, b) => Number((a.entry?.offset ?? 0n) - (b.entry?.offset ?? 0n)));
  }

  /** Forgets everything that was delivered: the partition goes on elsewhere. */
  restart(nextOffset: bigint): void {
    this.waiting.length = 0;
    this.#open.length = 0;
    this.unverified = undefined;
    this.nextOffset = nextOffset;
    const hadLag = this.lag() > 0n;
    this.settledTo = nextOffset;
    if (!hadLag) this.lagSinceMs = this.#clock.monotonicMs();
  }

  /** Notes that the partition has records up to here; it never had fewer. */
  endsAt(highWatermark: bigint): void {
    if (highWatermark <= this.#highWatermark) return;
    if (this.lag() === 0n) this.lagSinceMs = this.#clock.monotonicMs();
    this.#highWatermark = highWatermark;
  }

  /**
   * Notes that the source has delivered everything before an offset. Where it says so of records
   * that never came, the broker has deleted them: they are not waited for, nor is the stored one.
   */
  deliveredTo(offset: bigint): void {
    if (offset <= this.nextOffset || this.isRewinding) return;
    this.unverified = undefined;
    this.nextOffset = offset;
    this.shift();
  }

  /** The offset that could be stored if `settling` were settled as well. */
  frontier(settling: ReadonlySet<RecordEntry>): StoredOffset | undefined {
    let last: RecordEntry | undefined;
    for (const entry of this.#open) {
      if (!entry.isSettled && !settling.has(entry)) break;
      last = entry;
    }
    if (last === undefined) return undefined;
    const { topic, partition } = this;
    return { topic, partition, offset: last.offset, identity: last.identity };
  }

  /** Drops settled records from the front. */
  shift(): void {
    let count = 0;
    for (const { isSettled, offset } of this.#open) {
      if (!isSettled) break;
      this.settledTo = offset + 1n;
      count += 1;
    }
    if (count > 0) this.#open.splice(0, count);
    if (this.#open.length === 0 && this.unverified === undefined) this.settledTo = this.nextOffset;
  }

  /** Records between the settled ones and the end of the partition, as last known. */
  lag(): bigint {
    const lag = this.#highWatermark - this.settledTo;
    return lag > 0n ? lag : 0n;
  }

  /** Whether every record that the partition was last known to have has been delivered. */
  isDrained(): boolean {
    return this.nextOffset >= this.#highWatermark;
  }
}
