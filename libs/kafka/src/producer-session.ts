import { withDeadline } from '@nova/time';
import type { Producer } from 'kafkajs';
import type { PartitionAnswer } from './answer.ts';
import { type DriverClient, openClient } from './driver.ts';
import type { CompleteOptions } from './options.ts';
import type { KafkaBatch } from './record.ts';

/** A producer from its connection to the moment it is thrown away, as the publisher uses it. */
export interface Session {
  /** Per partition, the offset after the last record acknowledged on this session. */
  readonly nextOffsets: Map<string, bigint>;
  /** True until `retire`. */
  readonly isUsable: boolean;
  /** Sends one batch to one partition and resolves with the answer as kafkajs gives it. */
  send(batch: KafkaBatch, deadlineMs: number): Promise<readonly PartitionAnswer[]>;
  /** Takes the session out of use; what is in work comes to its end or its deadline. */
  retire(): void;
  /** Disconnects in good order; call it when nothing is in work. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * One idempotent kafkajs producer, from its connection to the moment it is thrown away:
 *
 *   open --send-- in use --retire-- finishing --last send settled-- cut
 *
 * A retired session takes no new sends, lets those in work come to their end or their deadline,
 * and then has its connections cut, so that no retry of kafkajs can send anything later.
 */
export class ProducerSession implements Session {
  readonly #client: DriverClient;
  readonly #producer: Producer;
  readonly nextOffsets = new Map<string, bigint>();
  #inWork = 0;
  #isRetired = false;

  private constructor(client: DriverClient) {
    this.#client = client;
    this.#producer = client.kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: 300_000,
      // Must be at least 1 for an idempotent producer; ours is the retry that counts.
      retry: { retries: 5 },
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? -1,
    });
  }

  /** Connects and takes a producer id. */
  static async open(options: CompleteOptions): Promise<ProducerSession> {
    const session = new ProducerSession(openClient(options, options.sendDeadlineMs));
    try {
      await withDeadline(session.#producer.connect(), options.connectDeadlineMs, 'connecting');
      return session;
    } catch (thrown) {
      session.#client.cut();
      throw thrown;
    }
  }

  get isUsable(): boolean {
    return !this.#isRetired;
  }

  async send(batch: KafkaBatch, deadlineMs: number): Promise<readonly PartitionAnswer[]> {
    this.#inWork += 1;
    try {
      return await withDeadline(this.#produce(batch, deadlineMs), deadlineMs, 'the send');
    } finally {
      this.#inWork -= 1;
      if (this.#isRetired && this.#inWork === 0) this.#client.cut();
    }
  }

  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (this.#inWork === 0) this.#client.cut();
  }

  async close(deadlineMs: number): Promise<void> {
    this.#isRetired = true;
    await withDeadline(this.#producer.disconnect(), deadlineMs, 'disconnecting').catch(() => {});
    this.#client.cut();
  }

  async #produce(
    { topic, partition, records }: KafkaBatch,
    deadlineMs: number,
  ): Promise<readonly PartitionAnswer[]> {
    return this.#producer.send({
      topic,
      acks: -1,
      timeout: deadlineMs,
      messages: records.map(({ key, value, headers }) => ({
        key,
        value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        headers: { ...headers },
        partition,
      })),
    });
  }
}
