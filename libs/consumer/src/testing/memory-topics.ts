import { partitionOf, recordHeaders, type StoredEvent, topicOf } from '@nova/events';
import {
  type DeliveryOptions,
  type DeliverySource,
  type IncomingRecord,
  type OpenSource,
  partitionKey,
  type StartOffset,
  type TopicPartition,
} from '../delivery-source.ts';

/** Topics in memory, for specs: what a broker keeps, and what it can be made to do wrong. */
export class MemoryTopics {
  readonly partitions: number;
  readonly #records = new Map<string, IncomingRecord[]>();
  readonly #watchers = new Set<() => void>();
  readonly #stalled = new Set<string>();

  constructor(partitions = 4) {
    this.partitions = partitions;
  }

  /** Appends an event as the relay does. */
  publish(event: StoredEvent): void {
    const topic = topicOf(event.eventType);
    const partition = partitionOf(event.aggregateId, this.partitions);
    this.append(
      { topic, partition },
      { key: event.aggregateId, value: event.payload, headers: recordHeaders(event) },
    );
  }

  /** Appends any record. */
  append(
    partition: TopicPartition,
    record: Pick<IncomingRecord, 'key' | 'value' | 'headers'>,
  ): void {
    const records = this.of(partition);
    records.push({ ...record, offset: BigInt(records.length), timestamp: 0 });
    this.changed();
  }

  /** The records of a partition; a spec may cut it, as a broker that loses its end does. */
  of(partition: TopicPartition): IncomingRecord[] {
    const key = partitionKey(partition);
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const made: IncomingRecord[] = [];
    this.#records.set(key, made);
    return made;
  }

  /** Delivers nothing more of a topic, until {@link letGo}. */
  stall(topic: string): void {
    this.#stalled.add(topic);
  }

  letGo(topic: string): void {
    this.#stalled.delete(topic);
    this.changed();
  }

  isStalled(topic: string): boolean {
    return this.#stalled.has(topic);
  }

  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** A group of one member over topics in memory. */
export class MemorySource implements DeliverySource {
  readonly #topics: MemoryTopics;
  readonly #batchSize: number;
  /** How often a membership was made. */
  opened = 0;

  constructor(topics: MemoryTopics, batchSize = 100) {
    this.#topics = topics;
    this.#batchSize = batchSize;
  }

  async open(options: DeliveryOptions): Promise<OpenSource> {
    this.opened += 1;
    const member = new Member(this.#topics, options, this.#batchSize);
    await member.begin();
    return member;
  }
}

interface Place {
  readonly partition: TopicPartition;
  next: bigint;
  isPaused: boolean;
  isBusy: boolean;
  /** Raised by a seek: a batch in hand is then not delivered any more. */
  turn: number;
}

class Member implements OpenSource {
  readonly #topics: MemoryTopics;
  readonly #options: DeliveryOptions;
  readonly #batchSize: number;
  readonly #places = new Map<string, Place>();
  #unwatch = () => {};
  #isOpen = true;

  constructor(topics: MemoryTopics, options: DeliveryOptions, batchSize: number) {
    this.#topics = topics;
    this.#options = options;
    this.#batchSize = batchSize;
  }

  async begin(): Promise<void> {
    const assigned = this.#options.topics.flatMap((topic) =>
      Array.from({ length: this.#topics.partitions }, (_, partition) => ({ topic, partition })),
    );
    const starts = await this.#options.startAt(assigned);
    for (const partition of assigned) {
      const key = partitionKey(partition);
      const next = this.#within(partition, starts.get(key) ?? 'beginning');
      this.#places.set(key, { partition, next, isPaused: false, isBusy: false, turn: 0 });
    }
    this.#unwatch = this.#topics.watch(() => this.#look());
    setImmediate(() => this.#look());
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const place of this.#find(partitions)) place.isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const place of this.#find(partitions)) place.isPaused = false;
    this.#look();
  }

  async seek(partition: TopicPartition, to: StartOffset): Promise<void> {
    for (const place of this.#find([partition])) {
      place.turn += 1;
      place.next = this.#within(partition, to);
    }
    setImmediate(() => this.#look());
  }

  commit(): void {}

  async endOffsets(): Promise<ReadonlyMap<string, bigint>> {
    return new Map(
      [...this.#places].map(([key, { partition }]) => [
        key,
        BigInt(this.#topics.of(partition).length),
      ]),
    );
  }

  delivered(): ReadonlyMap<string, bigint> {
    return new Map([...this.#places].map(([key, { next }]) => [key, next]));
  }

  assigned(): readonly TopicPartition[] {
    return [...this.#places.values()].map(({ partition }) => partition);
  }

  partitionCounts(): ReadonlyMap<string, number> {
    return new Map(this.#options.topics.map((topic) => [topic, this.#topics.partitions]));
  }

  trouble(): string | undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
    this.#unwatch();
    this.#options.revoked(this.assigned());
  }

  #find(partitions: readonly TopicPartition[]): Place[] {
    return partitions.flatMap((partition) => this.#places.get(partitionKey(partition)) ?? []);
  }

  #within(partition: TopicPartition, to: StartOffset): bigint {
    const end = BigInt(this.#topics.of(partition).length);
    return to === 'beginning' || to > end ? 0n : to;
  }

  async #deliver(
    partition: TopicPartition,
    records: readonly IncomingRecord[],
    highWatermark: bigint,
  ): Promise<boolean> {
    try {
      await this.#options.deliver({ ...partition, records, highWatermark, generation: 1 });
      return true;
    } catch {
      // The contract: what was refused is delivered again, after a pause.
      await new Promise<void>((resolve) => setImmediate(resolve));
      return false;
    }
  }

  #look(): void {
    for (const place of this.#places.values()) void this.#fetch(place);
  }

  async #fetch(place: Place): Promise<void> {
    if (place.isBusy) return;
    place.isBusy = true;
    while (this.#isOpen && !place.isPaused && !this.#topics.isStalled(place.partition.topic)) {
      const records = this.#topics.of(place.partition);
      const from = Number(place.next);
      const batch = records.slice(from, from + this.#batchSize);
      if (batch.length === 0) break;
      const { turn } = place;
      const isTaken = await this.#deliver(place.partition, batch, BigInt(records.length));
      if (turn === place.turn && isTaken) place.next += BigInt(batch.length);
    }
    place.isBusy = false;
  }
}
