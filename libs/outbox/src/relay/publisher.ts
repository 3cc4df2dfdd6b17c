/** One record as the relay hands it over. */
export interface OutgoingRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Records of one partition, in the order in which they must appear there. */
export interface OutgoingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutgoingRecord[];
}

/** A record of a batch that Kafka does not take, also by itself. */
export interface RefusedRecord {
  /** Its place in the batch, from 0. */
  readonly index: number;
  readonly errorCode: string;
  readonly reason: string;
}

/**
 * Where the relay publishes to. The lib for Kafka satisfies it; so does the fake of this lib's
 * testing entry, and both pass `eventPublisherConformance`.
 */
export interface EventPublisher {
  /**
   * Resolves when every record is acknowledged, in order. When it rejects, some may have arrived:
   * the relay sends the same ones again. It settles within a deadline of its own, and batches of
   * one partition are sent one after the other even when they are handed over together.
   */
  publish(batch: OutgoingBatch): Promise<void>;
  /**
   * Which record of the batch was refused for what it is, where that is why `publish` rejected.
   * Those before it are acknowledged; it and those after it are not in the topic.
   */
  refusalIn(thrown: unknown): RefusedRecord | undefined;
  /** How many partitions a topic has; rejects for a topic that does not exist. */
  partitionsOf(topic: string): Promise<number>;
}
