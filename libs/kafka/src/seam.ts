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
  /** Of the assignment under which the batch was read; rises with every assignment. */
  readonly generation: number;
}

/** What a consumer gives to its source. Callbacks may reject: they are called again after a pause. */
export interface DeliveryOptions {
  readonly groupId: string;
  /** The same for all members of the group. */
  readonly topics: readonly string[];
  /**
   * Where to begin with partitions that were just assigned, by {@link partitionKey}; one that the
   * answer leaves out begins at the beginning, as does one whose offset the topic no longer has.
   * Nothing of these partitions is delivered before the answer.
   */
  startAt(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, StartOffset>>;
  /** One batch per partition and assignment at a time. Resolves when more may come. */
  deliver(batch: DeliveredBatch): Promise<void>;
  /** The partitions are no longer this member's; nothing more of them is delivered. */
  revoked(partitions: readonly TopicPartition[]): void;
}

/** How a member of a group fares. */
export interface MemberHealth {
  readonly assigned: readonly TopicPartition[];
  /** Records between the last one delivered and the end of the partition, as last seen. */
  readonly lag: ReadonlyMap<string, bigint>;
  /** When a delivery was last taken, on the monotonic clock; undefined before the first. */
  readonly lastProgressMs: number | undefined;
  /** Undefined while the group works; else why not. */
  readonly trouble: string | undefined;
}

/**
 * A member of a consumer group. It stays in the group whatever its partitions do: paused, waiting
 * for `deliver`, or without a broker.
 */
export interface OpenKafkaSource {
  /** Nothing more is delivered once a delivery in work is taken; forgotten at the next assignment. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Goes on elsewhere. Once it resolves, no record fetched before is delivered any more. */
  seek(partition: TopicPartition, to: StartOffset): Promise<void>;
  /** Offsets of the next records wanted. Only a hint for tools; never rejects. */
  commit(offsets: ReadonlyMap<string, bigint>): void;
  /**
   * Offset that the next record of each assigned partition will get, asked of the broker.
   *
   * @throws KAFKA_UNAVAILABLE, KAFKA_TOPIC_UNKNOWN
   */
  endOffsets(): Promise<ReadonlyMap<string, bigint>>;
  /**
   * By {@link partitionKey}, the offset before which everything that the partition has was
   * delivered. Partitions whose place is not settled are left out. Above the last record delivered
   * where the broker has deleted what came next.
   */
  delivered(): ReadonlyMap<string, bigint>;
  assigned(): readonly TopicPartition[];
  /** Number of partitions of each subscribed topic; empty before a broker has first answered. */
  partitionCounts(): ReadonlyMap<string, number>;
  /** Undefined while the group works; else why not. */
  trouble(): string | undefined;
  health(): MemberHealth;
  /** Leaves the group, in at most 8 s, so that others take over at once. Waits for no `deliver`. */
  stop(): Promise<void>;
}

/** The consuming side of the seam. */
export interface KafkaSource {
  /** Resolves at once; the group is joined as soon as a broker answers and all topics exist. */
  open(options: DeliveryOptions): Promise<OpenKafkaSource>;
}
