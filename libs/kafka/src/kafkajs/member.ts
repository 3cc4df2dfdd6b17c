import { messageOf } from '@nova/errors';
import { systemClock, withDeadline } from '@nova/time';
import type { Consumer, LogEntry } from 'kafkajs';
import { type MemberEvents, type MemberSession, type Membership, memberTimes } from '../driver.ts';
import { type CompleteOptions, MAX_MESSAGE_BYTES } from '../options.ts';
import type { TopicPartition } from '../seam.ts';
import { coPartitionedAssigner } from './assigner.ts';
import { type Client, openClient } from './client.ts';
import { readBatch } from './read-batch.ts';

/** What kafkajs makes of UNKNOWN_TOPIC_OR_PARTITION. */
const TOPIC_GONE = 'This server does not host this topic-partition';

/**
 * One kafkajs consumer from its connection to its end, never restarted: after any trouble that
 * kafkajs does not settle within its few retries, the session is over and the next one is a new
 * client. Guards against kafkajs:
 *
 * - whatever a handler throws ends or stalls a consumer (K6, K7): nothing is thrown into it;
 * - heartbeats go out between batches only (K9): its handler keeps nothing waiting;
 * - it restarts itself in ways that stop() does not end (K17): `restartOnFailure` says no;
 * - it can stop without a word (K11, K12): 30 s without a heartbeat's answer as a member that has
 *   joined end the session;
 * - a join again that was refused is forgotten: patched, it comes before the next fetch;
 * - a seek to the earliest offset becomes offset 0 with manual commits: only numbers are used;
 * - it reads on at the old offset of a topic that was deleted and made anew, and tells of it only in
 *   its log;
 * - it starts at committed offsets after each join: partitions are paused until they are placed.
 */
export class KafkajsMember implements MemberSession {
  readonly over: Promise<unknown>;
  readonly #client: Client;
  readonly #consumer: Consumer;
  readonly #topics: readonly string[];
  readonly #events: MemberEvents;
  readonly #end: (reason: unknown) => void;
  readonly #watch: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #heardAtMs = systemClock.monotonicMs();
  #isJoining = false;

  constructor(options: CompleteOptions, membership: Membership, events: MemberEvents) {
    this.#topics = membership.topics;
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.over = promise;
    this.#end = resolve;
    this.#client = openClient(options, memberTimes.requestTimeoutMs, (entry) => {
      if (isTopicGone(entry)) this.#end(new Error('a topic of the group is gone'));
    });
    this.#consumer = this.#client.kafka.consumer({
      groupId: membership.groupId,
      partitionAssigners: [coPartitionedAssigner(membership)],
      sessionTimeout: memberTimes.sessionTimeoutMs,
      rebalanceTimeout: memberTimes.rebalanceTimeoutMs,
      heartbeatInterval: memberTimes.heartbeatMs,
      maxWaitTimeInMs: memberTimes.maxWaitMs,
      maxBytesPerPartition: MAX_MESSAGE_BYTES,
      maxBytes: memberTimes.fetchBytes,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      retry: { retries: 5, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#listen();
    this.#watch = setInterval(() => {
      if (this.silentMs() > memberTimes.silentMs)
        this.#end(new Error('no heartbeat was answered for 30 s'));
    }, 1000);
  }

  async begin(connectDeadlineMs: number): Promise<void> {
    const connected = this.#consumer
      .connect()
      // Never from the latest: what a group does not know begins at the beginning (K8).
      .then(() => this.#consumer.subscribe({ topics: [...this.#topics], fromBeginning: true }));
    await withDeadline(connected, connectDeadlineMs + memberTimes.connectSlackMs, 'connecting');
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

  silentMs(): number {
    return systemClock.monotonicMs() - this.#heardAtMs;
  }

  seek({ topic, partition }: TopicPartition, offset: bigint): void {
    this.#consumer.seek({ topic, partition, offset: offset.toString() });
  }

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
    this.#consumer.on(HEARTBEAT, () => {
      if (!this.#isJoining) heard();
    });
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#isJoining = false;
      heard();
      const assigned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      this.#quietly(() => this.#events.joined(assigned));
    });
    this.#consumer.on(REBALANCING, () => {
      this.#isJoining = true;
      this.#quietly(() => this.#events.rebalancing());
    });
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

/** A broker no longer has what is fetched. Topic ids, which would tell more, kafkajs does not know. */
function isTopicGone({ log }: LogEntry): boolean {
  return log.message.startsWith('Response Fetch') && log['error'] === TOPIC_GONE;
}
