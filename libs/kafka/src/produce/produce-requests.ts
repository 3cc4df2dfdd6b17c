import { type Backoff, backoffMs, type Clock, sleep } from '@nova/time';
import type { PartitionAnswer } from '../answer.ts';
import { brokerErrorType, recordFault } from '../driver-error.ts';
import type { KafkaSend, Piece } from '../record.ts';

/** Batches of one request, by topic. */
export type TopicData = readonly {
  readonly topic: string;
  readonly partitions: readonly PartitionData[];
}[];

/** Records for one partition, and the sequence number of the first. */
export interface PartitionData extends Piece {
  readonly partition: number;
  readonly firstSequence: number;
  /** False where the broker has refused the time of this machine: they have none then. */
  readonly isTimed: boolean;
}

/** What a broker says of one partition of a request. */
export interface ProducedPartition extends Required<PartitionAnswer> {
  /** Why it took none of its records; undefined where it did. */
  readonly error: unknown;
}

/** The brokers, as far as requests need them; each driver has its own. */
export interface Leaders {
  /**
   * The broker that takes records for a partition; undefined without such a partition. Rejects while
   * it has none, or where the topic is not known.
   */
  leaderOf(topic: string, partition: number): Promise<string | undefined>;
  /** Asks anew who leads what. */
  refresh(): Promise<void>;
  /** One request, never tried again. Rejects where no answer tells of each partition. */
  produce(leader: string, data: TopicData): Promise<readonly ProducedPartition[]>;
}

interface Waiting {
  readonly batch: KafkaSend;
  /** Nothing of it goes out later: its caller was told that it failed. */
  readonly endsAtMs: number;
  attempts: number;
  isTimed: boolean;
  readonly resolve: (answers: readonly PartitionAnswer[]) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Sequence numbers of a partition go on with 0 after 2^31 - 1. */
const SEQUENCES = 2 ** 31;
/** Brokers take 100 MiB by default, and hold a request in memory. */
const MOST_REQUEST_BYTES = 16 * 1024 * 1024;
/** Answers of a broker that leads no longer, or not yet; the first two are one, in the words of either client. */
const LED_BY_ANOTHER = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);
/** A broker's answer to a time that is more than an hour ahead of its own, as topics have it by default. */
const TIME_REFUSED = 'INVALID_TIMESTAMP';
const MOST_ATTEMPTS = 6;
const PAUSE: Backoff = { initialMs: 100, factor: 2, maxMs: 2000, jitter: 0.2 };

/**
 * Puts the batches that come together into one request per broker, and tells of each partition what
 * became of it. A broker answers one request of a connection after the other, so that a request per
 * partition takes as many round trips as there are partitions.
 *
 * What another broker leads goes there, with the sequence numbers that it had, so that it is not
 * there twice should the first have passed it on. What has a time that the broker refuses goes once
 * more without one, which it takes at any time: a clock that is wrong holds back no event. Nothing else
 * is sent again. Of one partition no more than one batch may be in work, and after anything that was
 * rejected, but for its records, no later one may be given to the same object: sequence numbers go on
 * from what was acknowledged (the shared paper on Kafka clients).
 */
export class ProduceRequests {
  readonly #leaders: Leaders;
  readonly #clock: Clock;
  readonly #timeRefused: () => void;
  readonly #sequences = new Map<string, number>();
  /** By leader. */
  #gathered = new Map<string, readonly Waiting[]>();

  /** @param timeRefused called for each batch whose time a broker refused */
  constructor(leaders: Leaders, clock: Clock, timeRefused: () => void) {
    this.#leaders = leaders;
    this.#clock = clock;
    this.#timeRefused = timeRefused;
  }

  /**
   * Resolves with the answer for its partition, an empty one where there is no such partition. Begins
   * no request for it after `deadlineMs`.
   */
  add(batch: KafkaSend, deadlineMs: number): Promise<readonly PartitionAnswer[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly PartitionAnswer[]>();
    const endsAtMs = this.#clock.monotonicMs() + deadlineMs;
    void this.#place({ batch, endsAtMs, attempts: 0, isTimed: true, resolve, reject });
    return promise;
  }

  // Those whose leaders are known go together; nobody waits for a topic that must be asked about.
  async #place(one: Waiting): Promise<void> {
    const { topic, partition } = one.batch;
    try {
      const leader = await this.#leaders.leaderOf(topic, partition);
      if (leader === undefined) one.resolve([]);
      else this.#gather(leader, one);
    } catch (thrown) {
      this.#failed(one, thrown);
    }
  }

  #gather(leader: string, one: Waiting): void {
    if (this.#gathered.size === 0) setImmediate(() => this.#sendGathered());
    this.#gathered.set(leader, [...(this.#gathered.get(leader) ?? []), one]);
  }

  #sendGathered(): void {
    const gathered = this.#gathered;
    this.#gathered = new Map();
    const now = this.#clock.monotonicMs();
    for (const [leader, group] of gathered) {
      const inTime = group.filter(({ endsAtMs }) => now < endsAtMs);
      for (const request of requestsOf(inTime)) void this.#produce(leader, request);
    }
  }

  async #produce(leader: string, group: readonly Waiting[]): Promise<void> {
    let answers: readonly ProducedPartition[];
    try {
      answers = await this.#leaders.produce(leader, this.#dataOf(group));
    } catch (thrown) {
      for (const one of group) one.reject(thrown);
      return;
    }
    for (const one of group) this.#settle(one, answerFor(one.batch, answers));
  }

  #settle(one: Waiting, answer: ProducedPartition | undefined): void {
    if (answer?.error !== undefined) {
      this.#failed(one, answer.error);
      return;
    }
    const { batch, resolve } = one;
    this.#sequences.set(nameOf(batch), this.#sequenceOf(batch) + batch.records.length);
    resolve(answer === undefined ? [] : [answer]);
  }

  #failed(one: Waiting, thrown: unknown): void {
    const type = brokerErrorType(thrown) ?? '';
    if (type === TIME_REFUSED && one.isTimed) {
      this.#timeRefused();
      one.isTimed = false;
      void this.#place(one);
      return;
    }
    // Refused by this broker, but the one before may have passed it on: that is no answer about records.
    if (one.attempts > 0 && recordFault(thrown) !== undefined) {
      one.reject(new Error(`${type} after another broker was asked`));
      return;
    }
    one.attempts += 1;
    const pauseMs = backoffMs(PAUSE, one.attempts);
    const isLate = this.#clock.monotonicMs() + pauseMs >= one.endsAtMs;
    const isElsewhere = LED_BY_ANOTHER.has(type);
    if (!isElsewhere || isLate || one.attempts === MOST_ATTEMPTS) {
      one.reject(thrown);
      return;
    }
    // Where nobody can be asked, the next attempt finds that out.
    void sleep(pauseMs)
      .then(() => this.#leaders.refresh().catch(() => {}))
      .then(() => this.#place(one));
  }

  #dataOf(group: readonly Waiting[]): TopicData {
    const topics = Map.groupBy(group, ({ batch }) => batch.topic);
    return [...topics].map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ batch, isTimed }) => ({
        isTimed,
        partition: batch.partition,
        firstSequence: this.#sequenceOf(batch) % SEQUENCES,
        records: batch.records,
        bytes: batch.bytes,
      })),
    }));
  }

  #sequenceOf(batch: KafkaSend): number {
    return this.#sequences.get(nameOf(batch)) ?? 0;
  }
}

function nameOf({ topic, partition }: KafkaSend): string {
  return `${topic}/${partition}`;
}

function* requestsOf(group: readonly Waiting[]): Generator<readonly Waiting[]> {
  let request: Waiting[] = [];
  let bytes = 0;
  for (const one of group) {
    if (request.length > 0 && bytes + one.batch.bytes > MOST_REQUEST_BYTES) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(one);
    bytes += one.batch.bytes;
  }
  if (request.length > 0) yield request;
}

function answerFor({ topic, partition }: KafkaSend, answers: readonly ProducedPartition[]) {
  return answers.find((answer) => answer.topicName === topic && answer.partition === partition);
}
