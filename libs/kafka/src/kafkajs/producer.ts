import { withDeadline } from '@nova/time';
import type { CompressionTypes, Producer } from 'kafkajs';
import type { PartitionAnswer } from '../answer.ts';
import type { ProducerSession } from '../driver.ts';
import type { CompleteOptions } from '../options.ts';
import type { KafkaBatch } from '../record.ts';
import { type Client, openClient } from './client.ts';
import { compressionType } from './codecs.ts';

/**
 * One idempotent kafkajs producer, from its connection to the moment it is thrown away:
 *
 *   open --send-- in use --retire-- finishing --last send settled-- cut
 *
 * A retired session takes no new sends, lets those in work come to their end or their deadline,
 * and then has its connections cut, so that no retry of kafkajs can send anything later.
 */
export class KafkajsProducer implements ProducerSession {
  readonly #client: Client;
  readonly #producer: Producer;
  readonly #compression: CompressionTypes;
  readonly nextOffsets = new Map<string, bigint>();
  #inWork = 0;
  #isRetired = false;

  private constructor(client: Client, compression: CompressionTypes) {
    this.#client = client;
    this.#compression = compression;
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
  static async open(options: CompleteOptions): Promise<KafkajsProducer> {
    const session = new KafkajsProducer(
      openClient(options, options.sendDeadlineMs),
      compressionType(options.compression),
    );
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
      compression: this.#compression,
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
