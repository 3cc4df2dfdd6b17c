import { withDeadline } from '@nova/time';
import { type MessageToProduce, Producer } from '@platformatic/kafka';
import type { PartitionAnswer } from '../answer.ts';
import { BrokerError } from '../broker-error.ts';
import type { ProducerSession } from '../driver.ts';
import type { CompleteOptions } from '../options.ts';
import type { KafkaBatch } from '../record.ts';
import { clientOptions, cutClient } from './client.ts';

/** Names of headers as bytes; there are few. */
const names = new Map<string, Buffer>();

/**
 * One idempotent producer of @platformatic/kafka, from its connection to the moment it is thrown
 * away; its life is that of the one over kafkajs. Guards against the client:
 *
 * - a partition that the topic does not have becomes another one: the number is compared with the
 *   same metadata that the send uses;
 * - 0 or 1 retries of an idempotent producer are taken for endless ones: it is told a number;
 * - its retries go on after `close`: sockets are destroyed.
 */
export class PlatformaticProducer implements ProducerSession {
  readonly nextOffsets = new Map<string, bigint>();
  readonly #producer: Producer;
  #inWork = 0;
  #isRetired = false;

  private constructor(options: CompleteOptions) {
    this.#producer = new Producer({
      ...clientOptions(options, options.sendDeadlineMs),
      idempotent: true,
      ...(options.compression === 'none' ? {} : { compression: options.compression }),
    });
  }

  /** Connects and takes a producer id. */
  static async open(options: CompleteOptions): Promise<PlatformaticProducer> {
    const session = new PlatformaticProducer(options);
    try {
      const connected = session.#producer.initIdempotentProducer({});
      await withDeadline(connected, options.connectDeadlineMs, 'connecting');
      return session;
    } catch (thrown) {
      session.#cut();
      throw thrown;
    }
  }

  get isUsable(): boolean {
    return !this.#isRetired;
  }

  async send(batch: KafkaBatch, deadlineMs: number): Promise<readonly PartitionAnswer[]> {
    this.#inWork += 1;
    try {
      return await withDeadline(this.#produce(batch), deadlineMs, 'the send');
    } finally {
      this.#inWork -= 1;
      if (this.#isRetired && this.#inWork === 0) this.#cut();
    }
  }

  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (this.#inWork === 0) this.#cut();
  }

  async close(deadlineMs: number): Promise<void> {
    this.#isRetired = true;
    await withDeadline(this.#producer.close(true), deadlineMs, 'disconnecting').catch(() => {});
    this.#cut();
  }

  async #produce({ topic, partition, records }: KafkaBatch): Promise<readonly PartitionAnswer[]> {
    const metadata = await this.#producer.metadata({ topics: [topic] });
    const partitions = metadata.topics.get(topic)?.partitionsCount ?? 0;
    if (partition >= partitions) {
      const what = `${topic} has ${partitions} partitions, there is no partition ${partition}`;
      throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', what);
    }
    const messages = records.map(({ key, value, headers }): MessageToProduce => {
      const entries = Object.entries(headers);
      return {
        topic,
        partition,
        key: Buffer.from(key),
        value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        headers: new Map(
          entries.map(([name, text]) => [
            nameOf(name),
            typeof text === 'string' ? Buffer.from(text) : text,
          ]),
        ),
      };
    });
    const { offsets = [] } = await this.#producer.send({ messages });
    return offsets.map((answer) => ({
      topicName: answer.topic,
      partition: answer.partition,
      // Any other code comes as an error.
      errorCode: 0,
      baseOffset: answer.offset.toString(),
    }));
  }

  #cut(): void {
    cutClient(this.#producer, () => this.#producer.close(true));
  }
}

function nameOf(name: string): Buffer {
  const known = names.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(name);
  if (names.size < 100) names.set(name, bytes);
  return bytes;
}
