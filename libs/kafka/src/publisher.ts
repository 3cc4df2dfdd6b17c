import { isNovaError, messageOf, NovaError } from '@nova/errors';
import type { Part } from '@nova/lifecycle';
import { systemClock, withDeadline } from '@nova/time';
import { judgeAnswer } from './answer.ts';
import type { ProducerSession } from './driver.ts';
import { brokerErrorType, driverError, recordFault } from './driver-error.ts';
import { errors } from './errors.ts';
import type { CompleteOptions } from './options.ts';
import { PartitionQueues } from './partition-queues.ts';
import { firstPiece, type KafkaBatch, type KafkaSend } from './record.ts';
import { SendLimits } from './send-limits.ts';
import type { TopicDirectory } from './topic-directory.ts';

/** Sends records in order. Connects as often as needed, so it also starts without a broker. */
export interface KafkaPublisher extends Part {
  /**
   * Resolves when every record of the batch is acknowledged by all in-sync copies, in order; with
   * one send in work per partition. When it rejects, some of the records may be in the topic:
   * send the same ones again, in the same order, before any later one of their keys.
   *
   * @throws KAFKA_UNAVAILABLE, KAFKA_ANSWER_WRONG, KAFKA_TOPIC_UNKNOWN (try again after a pause),
   *   KAFKA_REFUSED (somebody must change the topic), KAFKA_PARTITION_UNKNOWN. KAFKA_RECORD_REFUSED
   *   when the brokers take all records up to one, and not that one, also by itself: see `refusalIn`.
   */
  publish(batch: KafkaBatch): Promise<void>;
  /**
   * Which record of the batch was refused, where that is why `publish` rejected. Those before it are
   * acknowledged; it and those after it are not in the topic.
   */
  refusalIn(thrown: unknown): RefusedRecord | undefined;
  /**
   * How many partitions a topic has.
   *
   * @throws KAFKA_TOPIC_UNKNOWN, KAFKA_UNAVAILABLE.
   */
  partitionsOf(topic: string): Promise<number>;
}

/** A record that the brokers do not take. */
export interface RefusedRecord {
  /** Its place in the batch, from 0. */
  readonly index: number;
  readonly errorCode: string;
  readonly reason: string;
}

const CLOSE_DEADLINE_MS = 2000;

/**
 * What it guards against is in the shared paper on Kafka clients: with the usual clients several
 * partitions in one send lose acknowledged records when a leader changes; several sends per partition
 * reorder; a rejected send leaves sequence numbers that make later records vanish.
 * So: one partition per send, one send in work per partition, and after any doubt a new producer. A
 * driver may put sends into one request where it repeats none and tells what became of each.
 */
export class SinglePartitionPublisher implements KafkaPublisher {
  readonly name = 'kafka publisher';
  readonly #options: CompleteOptions;
  readonly #topics: TopicDirectory;
  readonly #queues = new PartitionQueues();
  readonly #limits = new SendLimits(systemClock);
  readonly #openSession: (options: CompleteOptions) => Promise<ProducerSession>;
  #opening: Promise<ProducerSession> | undefined;
  #isStopped = false;

  /** @param openSession connects a producer; rejects when that is not possible in time */
  constructor(
    options: CompleteOptions,
    topics: TopicDirectory,
    openSession: (options: CompleteOptions) => Promise<ProducerSession>,
  ) {
    this.#options = options;
    this.#openSession = openSession;
    this.#topics = topics;
  }

  /** Resolves at once; the connection is begun, so that the first record need not wait for it. */
  start(): Promise<void> {
    this.#isStopped = false;
    this.#session().catch(() => {});
    return Promise.resolve();
  }

  /** Lets what is in work finish (each send has its deadline), then disconnects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#queues.idle();
    const opening = this.#opening;
    this.#opening = undefined;
    const session = await opening?.catch(() => undefined);
    await session?.close(CLOSE_DEADLINE_MS);
  }

  partitionsOf(topic: string): Promise<number> {
    return this.#topics.partitionsOf(topic);
  }

  async publish(batch: KafkaBatch): Promise<void> {
    const { topic, partition } = batch;
    const partitions = await this.#topics.partitionsOf(topic);
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      throw new NovaError(errors.KAFKA_PARTITION_UNKNOWN, { topic, partition, partitions });
    }
    await this.#queues.run(`${topic}/${partition}`, () => this.#sendPieces(batch));
  }

  refusalIn(thrown: unknown): RefusedRecord | undefined {
    if (!isNovaError(thrown, errors.KAFKA_RECORD_REFUSED)) return undefined;
    const { record, reason } = thrown.params;
    return { index: Number(record), errorCode: thrown.code, reason: String(reason) };
  }

  // What is refused for its records is sent again in ever smaller pieces, until the one is found.
  async #sendPieces({ topic, partition, records }: KafkaBatch): Promise<void> {
    let left = records;
    let mostBytes = Number.POSITIVE_INFINITY;
    while (left.length > 0) {
      const piece = firstPiece(left, Math.min(mostBytes, this.#limits.of(topic)));
      try {
        await this.#send({ topic, partition, ...piece });
        left = left.slice(piece.records.length);
      } catch (thrown) {
        const fault = recordFault(thrown);
        if (fault === undefined) throw thrown;
        if (piece.records.length === 1) {
          const record = records.length - left.length;
          const params = { topic, partition, record, reason: messageOf(thrown) };
          throw new NovaError(errors.KAFKA_RECORD_REFUSED, params, { cause: thrown });
        }
        if (fault.isSize) this.#limits.lower(topic, piece.bytes);
        mostBytes = piece.bytes / 2;
      }
    }
  }

  async #send(batch: KafkaSend): Promise<void> {
    const session = await this.#session();
    try {
      const answers = await session.send(batch, this.#options.sendDeadlineMs);
      const name = `${batch.topic}/${batch.partition}`;
      const judgement = judgeAnswer(answers, batch, session.nextOffsets.get(name) ?? 0n);
      if (!judgement.trusted) {
        const { topic, partition } = batch;
        const { reason } = judgement;
        throw new NovaError(errors.KAFKA_ANSWER_WRONG, { topic, partition, reason });
      }
      session.nextOffsets.set(name, judgement.baseOffset + BigInt(batch.records.length));
    } catch (thrown) {
      // What a broker refuses for its records leaves no doubt: nothing of it was taken.
      if (recordFault(thrown) === undefined) this.#discard(session);
      const isWrong = isNovaError(thrown, errors.KAFKA_ANSWER_WRONG);
      // Perhaps the topic was made anew with fewer partitions.
      if (isWrong || brokerErrorType(thrown) === 'UNKNOWN_TOPIC_OR_PARTITION') {
        this.#topics.forget(batch.topic);
      }
      if (isWrong) throw thrown;
      throw driverError(thrown, this.#options.brokers, `take records for ${batch.topic}`);
    }
  }

  async #session(): Promise<ProducerSession> {
    const { brokers, connectDeadlineMs } = this.#options;
    if (this.#isStopped) {
      const what = 'take records';
      throw new NovaError(errors.KAFKA_UNAVAILABLE, {
        brokers: brokers.join(','),
        what,
        reason: 'this publisher was stopped',
      });
    }
    this.#opening ??= this.#open();
    try {
      // Its own deadline is inside; this one bounds those who join late.
      return await withDeadline(this.#opening, connectDeadlineMs + 1000, 'connecting');
    } catch (thrown) {
      throw driverError(thrown, brokers, 'take a connection');
    }
  }

  #open(): Promise<ProducerSession> {
    const opening: Promise<ProducerSession> = this.#openSession(this.#options).catch(
      (thrown: unknown) => {
        if (this.#opening === opening) this.#opening = undefined;
        throw thrown;
      },
    );
    return opening;
  }

  #discard(session: ProducerSession): void {
    if (session.isUsable) this.#opening = undefined;
    session.retire();
  }
}
