import { messageOf } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import { type Backoff, backoffMs, sleep } from '@nova/time';
import type { FetchedBatch } from './fetched-batch.ts';
import type { DeliveredBatch, TopicPartition } from './seam.ts';

/** A partition with more than this in memory is not fetched further. */
const FULL_BYTES = 1024 * 1024;
const FULL_RECORDS = 1000;
const RETRY: Backoff = { initialMs: 100, factor: 2, maxMs: 2000, jitter: 0.2 };

/** What a reader needs of its surroundings. */
export interface ReaderPorts {
  deliver(batch: DeliveredBatch): Promise<void>;
  /** `wantsMore` has changed; it is false at first. */
  changed(reader: PartitionReader): void;
  readonly logger: Logger;
}

/**
 * One partition during one assignment.
 *
 *   placing --readFrom--> reading --displace (seek, place lost)--> placing ... --end--> ended
 *
 * Fetched batches wait here for `deliver`, so that a slow consumer holds up neither the heartbeats
 * of the group nor other partitions. Every displacement begins a new place; whatever was fetched for
 * an older one is dropped.
 */
export class PartitionReader implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly generation: number;
  /** Offset that the next fetch must begin at. */
  position = 0n;
  /** Offset after the last record that was delivered. */
  deliveredTo = 0n;
  highWatermark = 0n;
  readonly #ports: ReaderPorts;
  readonly #ended = new AbortController();
  #waiting: FetchedBatch[] = [];
  #place = 0;
  #isReading = false;
  #isPaused = false;
  #isFull = false;
  #isDelivering = false;
  #wantedMore = false;

  constructor({ topic, partition }: TopicPartition, generation: number, ports: ReaderPorts) {
    this.topic = topic;
    this.partition = partition;
    this.generation = generation;
    this.#ports = ports;
  }

  /** Changes with every displacement. */
  get place(): number {
    return this.#place;
  }

  get isReading(): boolean {
    return this.#isReading;
  }

  get isEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Whether more should be fetched now. */
  get wantsMore(): boolean {
    return this.#isReading && !this.#isPaused && !this.#isFull;
  }

  pause(): void {
    this.#isPaused = true;
    this.#tell();
  }

  resume(): void {
    this.#isPaused = false;
    this.#tell();
    this.#deliverWaiting();
  }

  /** Gives up its place and drops what is in memory; a delivery in work is not waited for. */
  displace(): void {
    this.#place += 1;
    this.#isReading = false;
    this.#waiting = [];
    this.#isFull = false;
    this.#tell();
  }

  /** Goes on at an offset that the partition has. */
  readFrom(offset: bigint): void {
    if (this.isEnded) return;
    this.position = offset;
    this.deliveredTo = offset;
    this.#isReading = true;
    this.#tell();
  }

  /** Takes a batch that was fetched from `position`. */
  take(batch: FetchedBatch): void {
    this.position = batch.nextOffset;
    this.highWatermark = batch.highWatermark;
    this.#waiting.push(batch);
    this.#measure();
    this.#deliverWaiting();
  }

  /** Moves over offsets without records for us, such as the end marks of transactions. */
  skipTo(offset: bigint): void {
    if (this.#isReading && offset > this.position) this.position = offset;
  }

  /** Delivers nothing any more. */
  end(): void {
    this.#ended.abort();
    this.#isReading = false;
    this.#waiting = [];
  }

  #deliverWaiting(): void {
    if (!this.#isDelivering) void this.#deliverAll();
  }

  async #deliverAll(): Promise<void> {
    this.#isDelivering = true;
    let attempt = 1;
    for (let batch = this.#next(); batch !== undefined; batch = this.#next()) {
      const place = this.#place;
      if (!(await this.#deliver(batch))) {
        await sleep(backoffMs(RETRY, attempt), this.#ended.signal);
        attempt += 1;
        continue;
      }
      attempt = 1;
      // Displaced meanwhile: what waits now is of the new place.
      if (place !== this.#place) continue;
      this.#waiting.shift();
      this.deliveredTo = batch.nextOffset;
      this.#measure();
    }
    // In the same step as the last look at what waits: what comes later must find it false.
    this.#isDelivering = false;
  }

  #next(): FetchedBatch | undefined {
    return this.#isPaused || this.isEnded ? undefined : this.#waiting[0];
  }

  async #deliver({ records, highWatermark }: FetchedBatch): Promise<boolean> {
    const { topic, partition, generation } = this;
    try {
      await this.#ports.deliver({ topic, partition, records, highWatermark, generation });
      return true;
    } catch (thrown) {
      const fields = { component: 'kafka', topic, partition, reason: messageOf(thrown) };
      this.#ports.logger.warn(fields, 'kafka delivery was refused and is tried again');
      return false;
    }
  }

  // Full at one mark and open again at half of it: in between something is always ready.
  #measure(): void {
    let bytes = 0;
    let records = 0;
    for (const batch of this.#waiting) {
      bytes += batch.bytes;
      records += batch.records.length;
    }
    const part = this.#isFull ? 0.5 : 1;
    this.#isFull = bytes >= FULL_BYTES * part || records >= FULL_RECORDS * part;
    this.#tell();
  }

  #tell(): void {
    if (this.wantsMore === this.#wantedMore) return;
    this.#wantedMore = this.wantsMore;
    this.#ports.changed(this);
  }
}
