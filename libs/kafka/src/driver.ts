import type { PartitionAnswer } from './answer.ts';
import type { PartitionsByTopic } from './co-partitioning.ts';
import type { FetchedBatch } from './fetched-batch.ts';
import type { CompleteOptions, DriverName } from './options.ts';
import type { PartitionBounds } from './partition-bounds.ts';
import type { KafkaSend } from './record.ts';
import type { TopicPartition } from './seam.ts';
import type { PartitionCounts } from './topic-directory.ts';

/**
 * What a Kafka client library must do for this lib. Everything above it is written once: which
 * records go into a send, one send in work per partition, deadlines, what is believed of an answer,
 * replacing what is in doubt, placing and pausing partitions, sharing them out.
 *
 * A driver's objects are used until something goes wrong, and then thrown away with `cut` or
 * `close`; whatever a driver throws is wrapped above it.
 */
export interface Driver {
  readonly name: DriverName;
  /** Connects a producer; rejects when that is not possible within `connectDeadlineMs`. */
  openProducer(options: CompleteOptions): Promise<ProducerSession>;
  /** Nothing is connected before `connect`. */
  openAdmin(options: CompleteOptions, requestTimeoutMs: number): AdminSession;
  /** Nothing is connected before `begin`. */
  openMember(options: CompleteOptions, membership: Membership, events: MemberEvents): MemberSession;
}

/** An idempotent producer from its connection to the moment it is thrown away. */
export interface ProducerSession {
  /** Per partition, the offset after the last record acknowledged on this session. */
  readonly nextOffsets: Map<string, bigint>;
  /** True until `retire`. */
  readonly isUsable: boolean;
  /**
   * Sends records to one partition and resolves with the answer as the client gives it. Never called
   * for a partition of which something is in work; what other partitions get at the same time may go
   * into the same request. Rejects with a broker's answer about the records (`recordFault`) only where
   * nothing of them can be in the topic: the session goes on then.
   */
  send(batch: KafkaSend, deadlineMs: number): Promise<readonly PartitionAnswer[]>;
  /** Takes the session out of use; what is in work comes to its end or its deadline. */
  retire(): void;
  /** Disconnects in good order; call it when nothing is in work. */
  close(deadlineMs: number): Promise<void>;
}

/** A topic as it is to be made. */
export interface TopicDefinition {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Requests about the cluster, on a connection of its own. */
export interface AdminSession {
  connect(): Promise<void>;
  /** Partition counts of all topics, asked anew. */
  partitionCounts(): Promise<PartitionCounts>;
  /** Rejects when a broker does not answer or does not know the topic. */
  ping(topic: string): Promise<void>;
  createTopics(definitions: readonly TopicDefinition[], timeoutMs: number): Promise<void>;
  /** Bounds of all partitions of these topics, by partition key; rejects where one is missing. */
  bounds(topics: readonly string[]): Promise<ReadonlyMap<string, PartitionBounds>>;
  /** First offset with this time or a later one, or the end; undefined without the partition. */
  offsetAt(partition: TopicPartition, timestampMs: number): Promise<bigint | undefined>;
  /** How long records are kept, where the cluster says so; -1 = for ever. */
  retentionMs(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Has the broker delete every record before these offsets. For specs. */
  deleteRecords(topic: string, before: ReadonlyMap<number, bigint>): Promise<void>;
  /** Disconnects in good order. */
  close(): Promise<void>;
  /** Cuts every connection and refuses new ones; whatever is in work fails soon. */
  cut(): void;
}

/** What a session joins. */
export interface Membership {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** What this member had last; it tells the group when it joins. */
  owned(): PartitionsByTopic;
}

/** What a session tells. All are called synchronously, between the client's own steps. */
export interface MemberEvents {
  /** These partitions and no others are ours now. */
  joined(assigned: readonly TopicPartition[]): void;
  /** The group asks its members to join anew, or has given this one up. */
  rebalancing(): void;
  /** False: not wanted. It is fetched again unless its partition is paused. */
  fetched(batch: FetchedBatch): boolean;
  /** Everything before `offset` holds no records for consumers. */
  skipped(partition: TopicPartition, offset: bigint): void;
  /** The partition does not have the offset that was to be fetched. */
  outOfRange(partition: TopicPartition): void;
  /** The topic was deleted and made anew: offsets mean other records now. */
  topicReplaced(partition: TopicPartition): void;
}

/**
 * A member of a group from its connection to its end, never restarted: after any trouble that the
 * client does not settle by itself the session is over, and the next one is a new client.
 */
export interface MemberSession {
  /** Resolves with the reason when the session is over. */
  readonly over: Promise<unknown>;
  /** Connects and begins to join; how that goes shows in the events and in `over`. */
  begin(connectDeadlineMs: number): Promise<void>;
  /** Milliseconds since the coordinator last answered. */
  silentMs(): number;
  /** The next fetch of this partition begins here. May throw while the group is not joined. */
  seek(partition: TopicPartition, offset: bigint): void;
  /** Fetches these no more, or again; without effect while the group is not joined. */
  setFetching(partition: TopicPartition, isWanted: boolean): void;
  /** Commits as this member of this generation, or rejects: a stale commit must not succeed. */
  commit(offsets: Iterable<readonly [TopicPartition, bigint]>): Promise<void>;
  /** Leaves the group where that is possible in time, and cuts every connection in any case. */
  close(deadlineMs: number): Promise<void>;
}

/** The times of a member of a group, the same for every driver. */
export const memberTimes = {
  sessionTimeoutMs: 6000,
  heartbeatMs: 1500,
  /** How long the group waits for a member that is alive to join again. */
  rebalanceTimeoutMs: 10_000,
  /** Above the session timeout: answers to a join wait until a dead member is given up. */
  requestTimeoutMs: 8000,
  /** Bounds how long a resumed partition waits for the fetch in flight; lower costs CPU when idle. */
  maxWaitMs: 500,
  fetchBytes: 8 * 1024 * 1024,
  /** The client is then taken to be stuck. */
  silentMs: 30_000,
  /** Beyond the deadline for connecting. */
  connectSlackMs: 10_000,
} as const;
