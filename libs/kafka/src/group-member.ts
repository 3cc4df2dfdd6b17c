import { messageOf, NovaError } from '@nova/errors';
import { backoffMs, sleep, withDeadline } from '@nova/time';
import type { SingleConnectionAdmin } from './admin.ts';
import { Assignment } from './assignment.ts';
import { CommitHints } from './commit-hints.ts';
import type { MemberSession, Membership } from './driver.ts';
import { errors } from './errors.ts';
import { loadDriver } from './load-driver.ts';
import type { CompleteOptions } from './options.ts';
import type {
  DeliveryOptions,
  MemberHealth,
  OpenKafkaSource,
  StartOffset,
  TopicPartition,
} from './seam.ts';

const RECONNECT = { initialMs: 200, factor: 2, maxMs: 2000, jitter: 0.2 };
const COMMIT_EVERY_MS = 1000;
const LAST_COMMIT_MS = 1000;
const LEAVE_MS = 5000;
/** A session that broke down has tried to leave already. */
const CUT_MS = 500;
const STOP_MS = 8000;
/** Three heartbeats without an answer. */
const SILENT_MS = 4500;

/**
 * A member of a group: one session after the other, and during each the readers of the partitions
 * that are assigned.
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
  readonly #assignment: Assignment;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  #counts: ReadonlyMap<string, number> = new Map();
  #owned = new Map<string, number[]>();
  #session: MemberSession | undefined;
  #trouble: string | undefined = 'the group is not joined yet';

  constructor(options: CompleteOptions, admin: SingleConnectionAdmin, consumer: DeliveryOptions) {
    this.#options = options;
    this.#admin = admin;
    this.#consumer = consumer;
    const { groupId, topics } = consumer;
    this.#membership = { groupId, topics, owned: () => this.#owned };
    this.#commits = new CommitHints((of) => this.#sendOffsets(of), COMMIT_EVERY_MS, options.logger);
    this.#assignment = new Assignment({
      consumer,
      boundsOf: (names) => admin.bounds(names),
      seek: (reader, offset) => this.#session?.seek(reader, offset),
      setFetching: (partition, isWanted) => this.#session?.setFetching(partition, isWanted),
      signal: this.#stopping.signal,
      logger: options.logger,
    });
    this.#finished = this.#run();
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#assignment.get(partition)?.pause();
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#assignment.get(partition)?.resume();
  }

  seek(partition: TopicPartition, to: StartOffset): Promise<void> {
    this.#assignment.seek(partition, to);
    return Promise.resolve();
  }

  commit(offsets: ReadonlyMap<string, bigint>): void {
    if (!this.#stopping.signal.aborted) this.#commits.note(offsets);
  }

  async endOffsets(): Promise<ReadonlyMap<string, bigint>> {
    const readers = [...this.#assignment.readers];
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

  delivered(): ReadonlyMap<string, bigint> {
    const placed = [...this.#assignment.readers].filter(([, { isReading }]) => isReading);
    return new Map(placed.map(([key, { deliveredTo }]) => [key, deliveredTo]));
  }

  assigned(): readonly TopicPartition[] {
    return [...this.#assignment.readers.values()].map(({ topic, partition }) => ({
      topic,
      partition,
    }));
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
    for (const [key, { highWatermark, deliveredTo }] of this.#assignment.readers) {
      lag.set(key, highWatermark > deliveredTo ? highWatermark - deliveredTo : 0n);
    }
    return {
      assigned: this.assigned(),
      lag,
      lastProgressMs: this.#assignment.lastProgressMs,
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
      const before = this.#assignment.generation;
      const reason = messageOf(await this.#live(signal));
      if (signal.aborted) break;
      if (this.#assignment.generation !== before) attempt = 1;
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
    let session: MemberSession | undefined;
    try {
      await this.#findTopics();
      const driver = await loadDriver(this.#options.driver);
      session = driver.openMember(this.#options, this.#membership, {
        joined: (assigned) => this.#joined(assigned),
        rebalancing: () => this.#assignment.revoke(),
        fetched: (batch) => this.#assignment.fetched(batch),
        skipped: (partition, offset) => this.#assignment.get(partition)?.skipTo(offset),
        outOfRange: (partition) => this.#assignment.lost(partition),
        topicReplaced: (partition) => this.#assignment.replace(partition),
      });
      this.#session = session;
      const aborted = new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
        if (signal.aborted) resolve(undefined);
      });
      const begun = session.begin(this.#options.connectDeadlineMs);
      return await Promise.race([begun.then(() => session?.over), session.over, aborted]);
    } catch (thrown) {
      return thrown;
    } finally {
      this.#assignment.end();
      if (signal.aborted) {
        await withDeadline(this.#commits.flush(), LAST_COMMIT_MS, 'the last commit').catch(
          () => {},
        );
      }
      this.#commits.close();
      this.#assignment.revoke();
      this.#session = undefined;
      await session?.close(signal.aborted ? LEAVE_MS : CUT_MS);
    }
  }

  /** Clients give up on a topic that is missing; all must exist before the group is joined (K15). */
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
    this.#assignment.revoke();
    this.#trouble = undefined;
    const fields = { ...this.#fields(), count: assigned.length };
    this.#options.logger.info(fields, 'kafka consumer has its partitions');
    const owned = new Map<string, number[]>();
    for (const { topic, partition } of assigned) {
      owned.set(topic, [...(owned.get(topic) ?? []), partition]);
    }
    this.#owned = owned;
    this.#assignment.add(assigned);
  }

  async #sendOffsets(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    // Those of partitions that are no longer ours are not ours to tell.
    const own = [...this.#assignment.readers].flatMap(([key, reader]) => {
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
