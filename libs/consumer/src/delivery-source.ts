/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** "topic:partition", the key of every map over partitions. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}

/** First record wanted, or whatever the topic still has. */
export type StartOffset = bigint | 'beginning';

/** A record as it arrived; its headers as text. */
export interface IncomingRecord {
  readonly offset: bigint;
  /** Undefined when missing or not UTF-8. */
  readonly key: string | undefined;
  readonly value: Uint8Array | undefined;
  /** A header that is repeated or not UTF-8 comes as ''. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970; undefined where the broker had refused the publisher's clock. */
  readonly timestamp: number | undefined;
}

/** Records of one partition, in order. */
export interface DeliveredBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IncomingRecord[];
  /** Offset that the partition's next record will get, as known with this batch. */
  readonly highWatermark: bigint;
  /** Of the assignment under which the batch was read. */
  readonly generation: number;
}

/** How a source delivers. Callbacks may reject: the source then tries again, after a pause. */
export interface DeliveryOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /**
   * Where to begin with partitions that were just assigned, by {@link partitionKey}; one that the
   * answer leaves out begins at the beginning. An offset that the partition no longer has counts as
   * 'beginning'. Nothing of these partitions is delivered before the answer.
   */
  startAt(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, StartOffset>>;
  /** One batch per partition at a time. Resolves when more may come (back-pressure). */
  deliver(batch: DeliveredBatch): Promise<void>;
  /** The partitions are no longer this member's; nothing more of them is delivered. */
  revoked(partitions: readonly TopicPartition[]): void;
}

/**
 * A member of a consumer group. It stays in the group whatever its partitions do: paused, waiting
 * for `deliver`, or without a broker.
 */
export interface OpenSource {
  /** Stops fetching; a batch that was fetched before may still be delivered. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Goes on elsewhere. Once it resolves, no record fetched before is delivered any more. */
  seek(partition: TopicPartition, to: StartOffset): Promise<void>;
  /**
   * Offsets of the next records wanted, by {@link partitionKey}. Only a hint for tools: the truth is
   * in the view's database. Never rejects.
   */
  commit(offsets: ReadonlyMap<string, bigint>): void;
  /** Offset that the next record of each assigned partition will get, asked of the broker. */
  endOffsets(): Promise<ReadonlyMap<string, bigint>>;
  /**
   * By {@link partitionKey}, the offset before which everything that the partition has was
   * delivered. Partitions whose place is not settled are left out. Above the last record delivered
   * where the broker has deleted what came next.
   */
  delivered(): ReadonlyMap<string, bigint>;
  assigned(): readonly TopicPartition[];
  /** Number of partitions of each subscribed topic. */
  partitionCounts(): ReadonlyMap<string, number>;
  /** Undefined while the group works; else why not. */
  trouble(): string | undefined;
  /** Leaves the group, so that others take over at once. Waits for no deliver(). */
  stop(): Promise<void>;
}

/** Where deliveries come from; libs/kafka has the real one, `./testing` one in memory. */
export interface DeliverySource {
  /** Resolves when the group is joined or will be as soon as a broker answers. */
  open(options: DeliveryOptions): Promise<OpenSource>;
}
