import { messageOf } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import { type Backoff, backoffMs, systemClock } from '@nova/time';
import { type ClusterMetadata, type Consumer, FetchIsolationLevels } from '@platformatic/kafka';
import { type MemberEvents, memberTimes } from '../driver.ts';
import { brokerErrorType } from '../driver-error.ts';
import { partitionKey, type TopicPartition } from '../seam.ts';
import { answersOf, failedAnswersOf, isUnreadable, requestOf } from './fetch-exchange.ts';
import { type FetchResponsePartition, readPartition } from './read-partition.ts';

const RETRY: Backoff = { initialMs: 50, factor: 2, maxMs: 2000, jitter: 0.2 };
const OFFSET_OUT_OF_RANGE = 1;
/** Answers in a row that cannot be read, after which the session is over. */
const MOST_UNREADABLE = 3;

/** What a fetcher needs of the session that it belongs to. */
export interface FetcherPorts
  extends Pick<
    MemberEvents,
    'fetched' | 'skipped' | 'outOfRange' | 'topicReplaced' | 'rebalancing'
  > {
  /** False once the group has given this member up. */
  isMember(): boolean;
  /** Ends the session. */
  fail(reason: unknown): void;
  readonly logger: Logger;
}

/** Where the next fetch of a partition begins. */
interface Place extends TopicPartition {
  offset: bigint;
  isWanted: boolean;
  /** Changes with every seek: what was fetched for an older place is dropped. */
  version: number;
  /** Which topic of that name, once it was seen. */
  topicId: string | undefined;
  failures: number;
  /** On the monotonic clock; not fetched before. */
  notBeforeMs: number;
}

type Asked = ReadonlyMap<string, { readonly place: Place } & ReturnType<typeof placeNow>>;

const placeNow = ({ version, offset }: Place) => ({ version, offset });

/**
 * Fetches the partitions of one member: one request at a time per broker, of all partitions that
 * this broker leads and that are wanted. A partition that fails waits a little and is then asked for
 * again, with its leader looked up anew; the others go on.
 */
export class Fetcher {
  readonly #reader: Consumer;
  readonly #topics: readonly string[];
  readonly #ports: FetcherPorts;
  readonly #busy = new Set<number>();
  #places = new Map<string, Place>();
  #isPlanned = false;
  #isPlanning = false;
  #isStale = false;
  #isEnded = false;
  #failures = 0;
  #unreadable = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(reader: Consumer, topics: readonly string[], ports: FetcherPorts) {
    this.#reader = reader;
    this.#topics = topics;
    this.#ports = ports;
  }

  /** These partitions and no others, none of them wanted yet. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#places = new Map(
      partitions.map(({ topic, partition }) => [
        partitionKey({ topic, partition }),
        {
          topic,
          partition,
          offset: 0n,
          isWanted: false,
          version: 0,
          topicId: undefined,
          failures: 0,
          notBeforeMs: 0,
        },
      ]),
    );
  }

  seek(partition: TopicPartition, offset: bigint): void {
    const place = this.#places.get(partitionKey(partition));
    if (place === undefined) return;
    place.offset = offset;
    place.version += 1;
    place.topicId = undefined;
    this.#plan();
  }

  setFetching(partition: TopicPartition, isWanted: boolean): void {
    const place = this.#places.get(partitionKey(partition));
    if (place === undefined) return;
    place.isWanted = isWanted;
    if (isWanted) this.#plan();
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }

  /** Has the next step look what can be fetched, once for all that changes in this one. */
  #plan(): void {
    if (this.#isPlanned || this.#isEnded) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      void this.#begin();
    });
  }

  #planIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#plan(), ms);
  }

  async #begin(): Promise<void> {
    if (this.#isPlanning || this.#isEnded || this.#due().length === 0) return;
    this.#isPlanning = true;
    try {
      const forceUpdate = this.#isStale;
      const topics = [...this.#topics];
      const metadata = await this.#reader.metadata({ topics, forceUpdate });
      if (forceUpdate) this.#isStale = false;
      this.#failures = 0;
      this.#fetchAll(metadata);
    } catch (thrown) {
      this.#lookupFailed(thrown);
    } finally {
      this.#isPlanning = false;
    }
  }

  #lookupFailed(thrown: unknown): void {
    this.#isStale = true;
    this.#failures += 1;
    if (brokerErrorType(thrown) === 'UNKNOWN_TOPIC_OR_PARTITION') this.#ports.fail(thrown);
    this.#planIn(backoffMs(RETRY, this.#failures));
  }

  /** Wanted and not waiting after a failure; sees to it that those are looked at again. */
  #due(): readonly Place[] {
    const now = systemClock.monotonicMs();
    const wanted = [...this.#places.values()].filter(({ isWanted }) => isWanted);
    const waits = wanted.map(({ notBeforeMs }) => notBeforeMs - now).filter((ms) => ms > 0);
    if (waits.length > 0) this.#planIn(Math.min(...waits));
    return wanted.filter(({ notBeforeMs }) => notBeforeMs <= now);
  }

  #fetchAll(metadata: ClusterMetadata): void {
    const byLeader = new Map<number, Place[]>();
    for (const place of this.#due()) {
      const topic = metadata.topics.get(place.topic);
      const leader = topic?.partitions[place.partition]?.leader;
      if (topic !== undefined && this.#isReplaced(place, topic.id)) continue;
      if (leader === undefined || !metadata.brokers.has(leader)) this.#postpone(place);
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), place]);
    }
    // Sees to those that were postponed just now.
    this.#due();
    for (const [leader, places] of byLeader) {
      if (!this.#busy.has(leader)) void this.#fetch(leader, places, metadata);
    }
  }

  #isReplaced(place: Place, topicId: string): boolean {
    place.topicId ??= topicId;
    if (place.topicId === topicId) return false;
    this.#ports.topicReplaced(place);
    return true;
  }

  async #fetch(node: number, places: readonly Place[], metadata: ClusterMetadata): Promise<void> {
    this.#busy.add(node);
    const asked: Asked = new Map(
      places.map((place) => [partitionKey(place), { place, ...placeNow(place) }]),
    );
    try {
      const response = await this.#reader.fetch({
        node,
        topics: requestOf(places, metadata),
        maxWaitTime: memberTimes.maxWaitMs,
        minBytes: 1,
        maxBytes: memberTimes.fetchBytes,
        isolationLevel: FetchIsolationLevels.READ_COMMITTED,
      });
      this.#unreadable = 0;
      if (!this.#ports.isMember()) return this.#ports.rebalancing();
      for (const { topic, answer } of answersOf(response, metadata)) {
        const found = this.#stillAsked(asked, topic, answer.partitionIndex);
        if (found !== undefined) this.#take(found.place, found.offset, answer);
      }
    } catch (thrown) {
      this.#isStale = true;
      const failed = failedAnswersOf(thrown, metadata);
      if (failed.length === 0) this.#failedWhole(thrown, places);
      for (const { topic, answer } of failed) {
        const found = this.#stillAsked(asked, topic, answer.partitionIndex);
        if (found !== undefined) this.#failed(found.place, answer.errorCode);
      }
    } finally {
      this.#busy.delete(node);
      this.#plan();
    }
  }

  /** What was asked of a partition, unless it has gone elsewhere or was paused since. */
  #stillAsked(asked: Asked, topic: string, partition: number) {
    const key = partitionKey({ topic, partition });
    const found = asked.get(key);
    if (found === undefined || this.#isEnded) return undefined;
    const isCurrent = this.#places.get(key) === found.place && found.place.isWanted;
    return isCurrent && found.place.version === found.version ? found : undefined;
  }

  #take(place: Place, fetchedFrom: bigint, answer: FetchResponsePartition): void {
    place.failures = 0;
    const batch = readPartition(place, fetchedFrom, answer);
    if (batch === undefined || batch.nextOffset <= fetchedFrom) return;
    if (batch.records.length === 0) this.#ports.skipped(place, batch.nextOffset);
    else if (!this.#ports.fetched(batch)) return;
    // Told meanwhile to go elsewhere: then it has its offset already.
    if (place.offset === fetchedFrom) place.offset = batch.nextOffset;
  }

  #failed(place: Place, errorCode: number): void {
    if (errorCode === OFFSET_OUT_OF_RANGE) this.#ports.outOfRange(place);
    else this.#postpone(place);
  }

  #postpone(place: Place): void {
    this.#isStale = true;
    place.failures += 1;
    place.notBeforeMs = systemClock.monotonicMs() + backoffMs(RETRY, place.failures);
  }

  /** No broker, or an answer that nobody can read. */
  #failedWhole(thrown: unknown, places: readonly Place[]): void {
    if (this.#isEnded) return;
    for (const place of places) this.#postpone(place);
    const type = brokerErrorType(thrown);
    const fields = { component: 'kafka', reason: type ?? messageOf(thrown) };
    this.#ports.logger.debug(fields, 'kafka fetch failed and is tried again');
    this.#unreadable = isUnreadable(thrown) ? this.#unreadable + 1 : 0;
    if (this.#unreadable >= MOST_UNREADABLE) this.#ports.fail(thrown);
  }
}
