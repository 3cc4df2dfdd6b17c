import { isNovaError, NovaError } from '@nova/errors';
import type { Part } from '@nova/lifecycle';
import { withDeadline } from '@nova/time';
import { judgeAnswer } from './answer.ts';
import type { ProducerSession } from './driver.ts';
import { brokerErrorType, driverError } from './driver-error.ts';
import { errors } from './errors.ts';
import { type CompleteOptions, SEND_LIMIT_BYTES } from './options.ts';
import { PartitionQueues } from './partition-queues.ts';
import { cutBySize, type KafkaBatch } from './record.ts';
import type { TopicDirectory } from './topic-directory.ts';

/** Sends records in order. Connects as often as needed, so it also starts without a broker. */
export interface KafkaPublisher extends Part {
  /**
   * Resolves when every record of the batch is acknowledged by all in-sync copies, in order; with
   * one send in work per partition. When it rejects, some of the records may be in the topic:
   * send the same ones again, in the same order, before any later one of their keys.
   *
   * @throws KAFKA_UNAVAILABLE, KAFKA_ANSWER_WRONG, KAFKA_TOPIC_UNKNOWN (try again after a pause),
   *   KAFKA_REFUSED (somebody must change the topic), KAFKA_PARTITION_UNKNOWN.
   */
  publish(batch: KafkaBatch): Promise<void>;
  /**
   * How many partitions a topic has.
   *
   * @throws KAFKA_TOPIC_UNKNOWN, KAFKA_UNAVAILABLE.
   */
  partitionsOf(topic: string): Promise<number>;
}

const CLOSE_DEADLINE_MS = 2000;

/**
 * What it guards against is in the shared paper on Kafka clients: with the usual clients several partitions in one send lose acknowledged records when a leader changes; several sends
 * per partition reorder; a rejected send leaves sequence numbers that make later records vanish.
 * So: one partition per send, one send in work per partition, and after any doubt a new producer.
 */
export class SinglePartitionPublisher implements KafkaPublisher {
  readonly name = 'kafka publisher';
  readonly #options: CompleteOptions;
  readonly #topics: TopicDirectory;
  readonly #queues = new PartitionQueues();
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
    const { topic, partition, records } = batch;
    const partitions = await this.#topics.partitionsOf(topic);
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      throw new NovaError(errors.KAFKA_PARTITION_UNKNOWN, { topic, partition, partitions });
    }
    await this.#queues.run(`${topic}/${partition}`, async () => {
      for (const piece of cutBySize(records, SEND_LIMIT_BYTES)) {
        await this.#send({ topic, partition, records: piece });
      }
    });
  }

  async #send(batch: KafkaBatch): Promise<void> {
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
      this.#discard(session);
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
