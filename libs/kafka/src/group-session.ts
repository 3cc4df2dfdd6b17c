import { messageOf } from '@nova/errors';
import { systemClock, withDeadline } from '@nova/time';
import type { Consumer, PartitionAssigner } from 'kafkajs';
import { type DriverClient, openClient } from './driver.ts';
import { type FetchedBatch, readBatch } from './fetched-batch.ts';
import { type CompleteOptions, MAX_MESSAGE_BYTES } from './options.ts';
import type { TopicPartition } from './seam.ts';

const SESSION_TIMEOUT_MS = 6000;
const HEARTBEAT_MS = 1500;
/** How long the group waits for a member that is alive to join again. */
const REBALANCE_TIMEOUT_MS = 10_000;
/** Above the session timeout: answers to a join wait until a dead member is given up. */
const REQUEST_TIMEOUT_MS = 8000;
/** Bounds how long a resumed partition waits for the fetch in flight; lower costs CPU when idle. */
const MAX_WAIT_MS = 250;
const FETCH_BYTES = 8 * 1024 * 1024;
/** kafkajs is then taken to be stuck (its issues 659, 1009 and 1732). */
const SILENT_MS = 30_000;
const CONNECT_SLACK_MS = 10_000;

/** What a session tells. All are called synchronously by kafkajs, between its own steps. */
export interface SessionEvents {
  joined(assigned: readonly TopicPartition[]): void;
  /** The group asks its members to join anew. */
  rebalancing(): void;
  /** False: not wanted; kafkajs then fetches it again unless its partition is paused. */
  fetched(batch: FetchedBatch): boolean;
  /** Everything before `offset` holds no records for consumers. */
  skipped(partition: TopicPartition, offset: bigint): void;
}

/** What a session joins. */
export interface Membership {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly assigner: PartitionAssigner;
}

/**
 * One kafkajs consumer from its connection to its end, never restarted: after any trouble that
 * kafkajs does not settle within its few retries, the session is over and the next one is a new
 * client. Guards against kafkajs:
 *
 * - whatever a handler throws ends or stalls a consumer (K6, K7): nothing is thrown into it;
 * - heartbeats go out between batches only (K9): its handler keeps nothing waiting;
 * - it restarts itself in ways that stop() does not end (K17): `restartOnFailure` says no;
 * - it can stop without a word (K11, K12): 30 s without a heartbeat's answer end the session;
 * - a seek to the earliest offset becomes offset 0 with manual commits: only numbers are used;
 * - it starts at committed offsets after each join: partitions are paused until they are placed.
 */
export class GroupSession {
  /** Resolves with the reason when the session is over. */
  readonly over: Promise<unknown>;
  readonly #client: DriverClient;
  readonly #consumer: Consumer;
  readonly #events: SessionEvents;
  readonly #end: (reason: unknown) => void;
  readonly #watch: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #heardAtMs = systemClock.monotonicMs();

  constructor(options: CompleteOptions, membership: Membership, events: SessionEvents) {
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.over = promise;
    this.#end = resolve;
    this.#client = openClient(options, REQUEST_TIMEOUT_MS);
    this.#consumer = this.#client.kafka.consumer({
      groupId: membership.groupId,
      partitionAssigners: [membership.assigner],
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_MESSAGE_BYTES,
      maxBytes: FETCH_BYTES,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      retry: { retries: 5, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#listen();
    this.#watch = setInterval(() => {
      if (this.silentMs() > SILENT_MS) this.#end(new Error('no heartbeat was answered for 30 s'));
    }, 1000);
  }

  /** Connects and begins to join; how that goes shows in the events and in `over`. */
  async begin({ topics }: Membership, connectDeadlineMs: number): Promise<void> {
    const connected = this.#consumer
      .connect()
      // Never from the latest: what a group does not know begins at the beginning (K8).
      .then(() => this.#consumer.subscribe({ topics: [...topics], fromBeginning: true }));
    await withDeadline(connected, connectDeadlineMs + CONNECT_SLACK_MS, 'connecting');
    this.#running = this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: ({ batch, resolveOffset }) => {
        this.#quietly(() => {
          const last = batch.messages.at(-1);
          if (last !== undefined && this.#events.fetched(readBatch(batch))) {
            resolveOffset(last.offset);
          }
        });
        return Promise.resolve();
      },
    });
    this.#running.catch(this.#end);
  }

  /** Milliseconds since the coordinator last answered. */
  silentMs(): number {
    return systemClock.monotonicMs() - this.#heardAtMs;
  }

  /** @throws what kafkajs throws while the group is not joined. */
  seek({ topic, partition }: TopicPartition, offset: bigint): void {
    this.#consumer.seek({ topic, partition, offset: offset.toString() });
  }

  /** Fetches these no more, or again; without effect while the group is not joined. */
  setFetching({ topic, partition }: TopicPartition, isWanted: boolean): void {
    const partitions = [{ topic, partitions: [partition] }];
    try {
      if (isWanted) this.#consumer.resume(partitions);
      else this.#consumer.pause(partitions);
    } catch {
      // Between two sessions; every partition is paused anew when the next one joins.
    }
  }

  async commit(offsets: Iterable<readonly [TopicPartition, bigint]>): Promise<void> {
    await this.#consumer.commitOffsets(
      [...offsets].map(([{ topic, partition }, offset]) => ({
        topic,
        partition,
        offset: offset.toString(),
      })),
    );
  }

  /** Leaves the group where that is possible in time, and cuts every connection in any case. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#watch);
    this.#end(undefined);
    // Stopping while it joins would leave kafkajs a member that nobody stops any more (K17).
    const left = this.#running.catch(() => {}).then(() => this.#consumer.disconnect());
    await withDeadline(left, deadlineMs, 'leaving the group').catch(() => {});
    this.#client.cut();
  }

  #listen(): void {
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, START_BATCH_PROCESS, CRASH } =
      this.#consumer.events;
    const heard = () => {
      this.#heardAtMs = systemClock.monotonicMs();
    };
    this.#consumer.on(HEARTBEAT, heard);
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      heard();
      const assigned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      this.#quietly(() => this.#events.joined(assigned));
    });
    this.#consumer.on(REBALANCING, () => this.#quietly(() => this.#events.rebalancing()));
    this.#consumer.on(START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize > 0) return;
      this.#quietly(() => this.#events.skipped(payload, BigInt(payload.lastOffset) + 1n));
    });
    this.#consumer.on(CRASH, ({ payload }) => this.#end(payload.error));
  }

  // A fault of ours must not run into kafkajs, which would retry or stop in its own way.
  #quietly(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#end(new Error(`handling an event failed: ${messageOf(thrown)}`, { cause: thrown }));
    }
  }
}
