import { messageOf, NovaError } from '@nova/errors';
import { backoffMs, sleep, systemClock, withDeadline } from '@nova/time';
import type { SingleConnectionAdmin } from './admin.ts';
import { coPartitionedAssigner } from './co-partitioned-assigner.ts';
import { CommitHints } from './commit-hints.ts';
import { errors } from './errors.ts';
import type { FetchedBatch } from './fetched-batch.ts';
import { GroupSession, type Membership } from './group-session.ts';
import type { CompleteOptions } from './options.ts';
import { PartitionReader } from './partition-reader.ts';
import { type Placement, placeReaders } from './place-readers.ts';
import {
  type DeliveryOptions,
  type MemberHealth,
  type OpenKafkaSource,
  partitionKey,
  type StartOffset,
  type TopicPartition,
} from './seam.ts';

const RECONNECT = { initialMs: 200, factor: 2, maxMs: 2000, jitter: 0.2 };
const COMMIT_EVERY_MS = 1000;
const LAST_COMMIT_MS = 1000;
const LEAVE_MS = 5000;
const STOP_MS = 8000;
/** Three heartbeats without an answer. */
const SILENT_MS = 4500;

/**
 * A member of a group: one session after the other, and during each the readers of the partitions
 * that are assigned. Every assignment begins a generation in which everything is placed anew, also
 * partitions that it had before: others may have had them in between.
 *
 *   join --> partitions paused, `startAt` asked --> placed, fetched, delivered --> revoked
 *     ^-------- pause of up to 2 s <-------- session over, group rebalances <---------'
 */
export class GroupMember implements OpenKafkaSource {
  readonly #options: CompleteOptions;
  readonly #admin: SingleConnectionAdmin;
  readonly #consumer: DeliveryOptions;
  readonly #membership: Membership;
  readonly #commits: CommitHints;
  readonly #placement: Placement;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  readonly #readers = new Map<string, PartitionReader>();
  #counts: ReadonlyMap<string, number> = new Map();
  #owned = new Map<string, number[]>();
  #session: GroupSession | undefined;
  #generation = 0;
  #lastProgressMs: number | undefined;
  #trouble: string | undefined = 'the group is not joined yet';

  constructor(options: CompleteOptions, admin: SingleConnectionAdmin, consumer: DeliveryOptions) {
    this.#options = options;
    this.#admin = admin;
    this.#consumer = consumer;
    const { groupId, topics } = consumer;
    this.#membership = { groupId, topics, assigner: coPartitionedAssigner(() => this.#owned) };
    this.#commits = new CommitHints((of) => this.#sendOffsets(of), COMMIT_EVERY_MS, options.logger);
    this.#placement = {
      boundsOf: (names) => admin.bounds(names),
      seek: (reader, offset) => this.#session?.seek(reader, offset),
      signal: this.#stopping.signal,
      logger: options.logger,
    };
    this.#finished = this.#run();
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#readers.get(partitionKey(partition))?.pause();
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#readers.get(partitionKey(partition))?.resume();
  }

  seek(partition: TopicPartition, to: StartOffset): Promise<void> {
    const reader = this.#readers.get(partitionKey(partition));
    if (reader !== undefined) {
      reader.displace();
      this.#place([reader], () => Promise.resolve(new Map([[partitionKey(partition), to]])));
    }
    return Promise.resolve();
  }

  commit(offsets: ReadonlyMap<string, bigint>): void {
    if (!this.#stopping.signal.aborted) this.#commits.note(offsets);
  }

  async endOffsets(): Promise<ReadonlyMap<string, bigint>> {
    const readers = [...this.#readers];
    const bounds = await this.#admin.bounds(readers.map(([, { topic }]) => topic));
    return new Map(
      readers.map(([key, reader]) => {
        const end = bounds.get(key)?.end;
        if (end === undefined)
          throw new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic: reader.topic });
        return [key, end];
      }),
    );
  }

  assigned(): readonly TopicPartition[] {
    return [...this.#readers.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  partitionCounts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  trouble(): string | undefined {
    if (this.#stopping.signal.aborted) return 'this consumer was stopped';
    if (this.#trouble !== undefined) return this.#trouble;
    const silentMs = this.#session?.silentMs() ?? 0;
    if (silentMs < SILENT_MS) return undefined;
    return `the group has not answered for ${Math.round(silentMs / 1000)} s`;
  }

  health(): MemberHealth {
    const lag = new Map<string, bigint>();
    for (const [key, { highWatermark, deliveredTo }] of this.#readers) {
      lag.set(key, highWatermark > deliveredTo ? highWatermark - deliveredTo : 0n);
    }
    return {
      assigned: this.assigned(),
      lag,
      lastProgressMs: this.#lastProgressMs,
      trouble: this.trouble(),
    };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await withDeadline(this.#finished, STOP_MS, 'leaving the group').catch((thrown: unknown) => {
      this.#options.logger.warn(this.#fields(messageOf(thrown)), 'kafka consumer left late');
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const before = this.#generation;
      const reason = messageOf(await this.#live(signal));
      if (signal.aborted) break;
      if (this.#generation !== before) attempt = 1;
      const retryInMs = backoffMs(RECONNECT, attempt);
      // The first words of an outage; that it goes on shows in `trouble`.
      const level = attempt === 1 || this.#trouble !== reason ? 'warn' : 'debug';
      this.#trouble = reason;
      const fields = { ...this.#fields(reason), attempt, retry_in_ms: Math.round(retryInMs) };
      this.#options.logger[level](fields, 'kafka consumer begins anew');
      await sleep(retryInMs, signal);
    }
  }

  /** One session; resolves with what ended it. */
  async #live(signal: AbortSignal): Promise<unknown> {
    let session: GroupSession | undefined;
    try {
      await this.#findTopics();
      session = new GroupSession(this.#options, this.#membership, {
        joined: (assigned) => this.#joined(assigned),
        rebalancing: () => this.#revokeAll(),
        fetched: (batch) => this.#fetched(batch),
        skipped: (partition, offset) => this.#readers.get(partitionKey(partition))?.skipTo(offset),
      });
      this.#session = session;
      const aborted = new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
        if (signal.aborted) resolve(undefined);
      });
      const begun = session.begin(this.#membership, this.#options.connectDeadlineMs);
      return await Promise.race([begun.then(() => session?.over), session.over, aborted]);
    } catch (thrown) {
      return thrown;
    } finally {
      for (const reader of this.#readers.values()) reader.end();
      if (signal.aborted) {
        await withDeadline(this.#commits.flush(), LAST_COMMIT_MS, 'the last commit').catch(
          () => {},
        );
      }
      this.#commits.close();
      this.#revokeAll();
      this.#session = undefined;
      await session?.close(LEAVE_MS);
    }
  }

  /** kafkajs gives up on a topic that is missing; all must exist before the group is joined (K15). */
  async #findTopics(): Promise<void> {
    const existing = await this.#admin.directory.reload();
    const counts = this.#consumer.topics.map((topic): [string, number] => {
      const count = existing.get(topic);
      if (count === undefined) throw new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic });
      return [topic, count];
    });
    this.#counts = new Map(counts);
  }

  #joined(assigned: readonly TopicPartition[]): void {
    this.#revokeAll();
    this.#trouble = undefined;
    const fields = { ...this.#fields(), count: assigned.length };
    this.#options.logger.info(fields, 'kafka consumer has its partitions');
    const owned = new Map<string, number[]>();
    for (const { topic, partition } of assigned) {
      owned.set(topic, [...(owned.get(topic) ?? []), partition]);
    }
    this.#owned = owned;
    this.#assign(assigned);
  }

  #assign(partitions: readonly TopicPartition[]): void {
    this.#generation += 1;
    const readers = partitions.map((partition) => this.#reader(partition));
    for (const reader of readers) {
      this.#readers.set(partitionKey(reader), reader);
      this.#session?.setFetching(reader, false);
    }
    this.#place(readers, (left) => this.#consumer.startAt(left));
  }

  #reader(partition: TopicPartition): PartitionReader {
    return new PartitionReader(partition, this.#generation, {
      deliver: async (batch) => {
        await this.#consumer.deliver(batch);
        this.#lastProgressMs = systemClock.monotonicMs();
      },
      changed: (reader) => {
        if (!reader.isEnded) this.#session?.setFetching(reader, reader.wantsMore);
      },
      logger: this.#options.logger,
    });
  }

  #fetched(batch: FetchedBatch): boolean {
    const reader = this.#readers.get(partitionKey(batch));
    if (reader === undefined || !reader.isReading) return false;
    if (batch.fetchedFrom !== reader.position) {
      this.#findPlace(reader);
      return false;
    }
    reader.take(batch);
    return true;
  }

  /**
   * kafkajs went elsewhere by itself: an answer from before a seek, or the offset is out of range,
   * which it settles by starting at the earliest. Then what the caller knows of the partition is no
   * longer true either, so it is assigned to it anew; it is never left to begin at the latest (K8).
   */
  #findPlace(reader: PartitionReader): void {
    const { topic, partition, position } = reader;
    reader.displace();
    this.#place([reader], async () => {
      const bounds = (await this.#admin.bounds([topic])).get(partitionKey(reader));
      if (bounds !== undefined && position >= bounds.begin && position <= bounds.end) {
        return new Map([[partitionKey(reader), position]]);
      }
      if (!reader.isEnded) {
        const fields = { ...this.#fields(), topic, partition, offset: position };
        this.#options.logger.warn(fields, 'kafka no longer has the offset that comes next');
        this.#revoke([reader]);
        this.#assign([{ topic, partition }]);
      }
      return new Map();
    });
  }

  #place(
    readers: readonly PartitionReader[],
    ask: (left: readonly TopicPartition[]) => Promise<ReadonlyMap<string, StartOffset>>,
  ): void {
    // It retries for itself and never rejects.
    void placeReaders(readers, ask, this.#placement);
  }

  #revokeAll(): void {
    this.#revoke([...this.#readers.values()]);
  }

  #revoke(readers: readonly PartitionReader[]): void {
    if (readers.length === 0) return;
    for (const reader of readers) {
      reader.end();
      this.#readers.delete(partitionKey(reader));
    }
    try {
      this.#consumer.revoked(readers.map(({ topic, partition }) => ({ topic, partition })));
    } catch (thrown) {
      const fields = this.#fields(messageOf(thrown));
      this.#options.logger.error(fields, 'kafka consumer failed to take a revocation');
    }
  }

  async #sendOffsets(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    // Those of partitions that are no longer ours are not ours to tell.
    const own = [...this.#readers].flatMap(([key, reader]) => {
      const offset = offsets.get(key);
      return offset === undefined ? [] : [[reader, offset] as const];
    });
    if (own.length > 0) await this.#session?.commit(own);
  }

  #fields(reason?: string) {
    const { groupId } = this.#consumer;
    return {
      component: 'kafka',
      consumer_group: groupId,
      ...(reason === undefined ? {} : { reason }),
    };
  }
}
