import type { TopicPartition } from './delivery-source.ts';

/** What a stored offset says about its record. */
export interface RecordIdentity {
  /** Of a foreign record, a hash of key and value. */
  readonly eventId: string;
  /** Empty for a foreign record. */
  readonly epoch: string;
  readonly position: bigint;
}

/** A record that was delivered and is not yet settled together with all before it. */
export interface RecordEntry {
  readonly partition: RecordPartition;
  readonly offset: bigint;
  readonly identity: RecordIdentity;
  isSettled: boolean;
}

/** An offset to be stored: everything of the partition at or below it is settled. */
export interface StoredOffset extends TopicPartition {
  readonly offset: bigint;
  readonly identity: RecordIdentity;
}

/** What a record's partition is to whoever settles the record. */
export interface RecordPartition extends TopicPartition {
  /** False once the partition is no longer this member's. */
  readonly isAssigned: boolean;
  /** Deliveries that wait for an earlier event of their aggregate. */
  heldCount: number;
  /** Offset after the last settled record. */
  readonly settledTo: bigint;
  /** The offset that could be stored if `settling` were settled as well. */
  frontier(settling: ReadonlySet<RecordEntry>): StoredOffset | undefined;
  /** Drops settled records from the front. */
  shift(): void;
}
