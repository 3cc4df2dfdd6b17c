import { messageOf } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import type { FetchedBatch } from './fetched-batch.ts';
import { PartitionReader } from './partition-reader.ts';
import { type Placement, placeReaders } from './place-readers.ts';
import {
  type DeliveryOptions,
  partitionKey,
  type StartOffset,
  type TopicPartition,
} from './seam.ts';

/** What an assignment needs of the session that it lives in. */
export interface AssignmentPorts extends Placement {
  readonly consumer: DeliveryOptions;
  /** Has the driver fetch a partition, or not. */
  setFetching(partition: TopicPartition, isWanted: boolean): void;
  readonly logger: Logger;
}

/**
 * The partitions that a member has now, each with its reader. Every assignment begins a generation
 * in which everything is placed anew, also partitions that it had before: others may have had them
 * in between.
 */
export class Assignment {
  /** When a delivery was last taken. */
  lastProgressMs: number | undefined;
  readonly #ports: AssignmentPorts;
  readonly #readers = new Map<string, PartitionReader>();
  #generation = 0;

  constructor(ports: AssignmentPorts) {
    this.#ports = ports;
  }

  /** Rises with every assignment. */
  get generation(): number {
    return this.#generation;
  }

  /** Readers of all partitions, by partition key. */
  get readers(): ReadonlyMap<string, PartitionReader> {
    return this.#readers;
  }

  get(partition: TopicPartition): PartitionReader | undefined {
    return this.#readers.get(partitionKey(partition));
  }

  /** Takes partitions over: they are not fetched until the consumer has said where they begin. */
  add(partitions: readonly TopicPartition[]): void {
    this.#generation += 1;
    const readers = partitions.map((partition) => this.#reader(partition));
    for (const reader of readers) {
      this.#readers.set(partitionKey(reader), reader);
      this.#ports.setFetching(reader, false);
    }
    this.#place(readers, (left) => this.#ports.consumer.startAt(left));
  }

  /** Takes a batch to be delivered; false when it is not the one that comes next. */
  fetched(batch: FetchedBatch): boolean {
    const reader = this.get(batch);
    if (reader === undefined || !reader.isReading) return false;
    if (batch.fetchedFrom !== reader.position) {
      this.#findPlace(reader);
      return false;
    }
    reader.take(batch);
    return true;
  }

  /** The partition does not have the offset that comes next. */
  lost(partition: TopicPartition): void {
    const reader = this.get(partition);
    if (reader?.isReading === true) this.#findPlace(reader);
  }

  /** What the consumer knows of the partition is no longer true: it is assigned anew. */
  replace({ topic, partition }: TopicPartition): void {
    const reader = this.get({ topic, partition });
    if (reader === undefined) return;
    this.#revoke([reader]);
    this.add([{ topic, partition }]);
  }

  /** See `OpenKafkaSource.seek`. */
  seek(partition: TopicPartition, to: StartOffset): void {
    const reader = this.get(partition);
    if (reader === undefined) return;
    reader.displace();
    this.#place([reader], () => Promise.resolve(new Map([[partitionKey(partition), to]])));
  }

  /** Delivers nothing any more, but keeps the partitions. */
  end(): void {
    for (const reader of this.#readers.values()) reader.end();
  }

  /** Gives all partitions up. */
  revoke(): void {
    this.#revoke([...this.#readers.values()]);
  }

  #reader(partition: TopicPartition): PartitionReader {
    const { consumer, logger, setFetching } = this.#ports;
    return new PartitionReader(partition, this.#generation, {
      deliver: async (batch) => {
        await consumer.deliver(batch);
        this.lastProgressMs = systemClock.monotonicMs();
      },
      changed: (reader) => {
        if (!reader.isEnded) setFetching(reader, reader.wantsMore);
      },
      logger,
    });
  }

  /**
   * The client went elsewhere by itself: an answer from before a seek, or the offset is out of range,
   * which kafkajs settles by starting at the earliest. Then what the consumer knows of the partition is
   * no longer true either, so it is assigned to it anew; it is never left to begin at the latest
   * (K8).
   */
  #findPlace(reader: PartitionReader): void {
    const { topic, partition, position } = reader;
    reader.displace();
    this.#place([reader], async () => {
      const bounds = (await this.#ports.boundsOf([topic])).get(partitionKey(reader));
      if (bounds !== undefined && position >= bounds.begin && position <= bounds.end) {
        return new Map([[partitionKey(reader), position]]);
      }
      if (!reader.isEnded) {
        const fields = { component: 'kafka', topic, partition, offset: position };
        this.#ports.logger.warn(fields, 'kafka no longer has the offset that comes next');
        this.replace(reader);
      }
      return new Map();
    });
  }

  #place(readers: readonly PartitionReader[], ask: DeliveryOptions['startAt']): void {
    // It tries again by itself and never rejects.
    void placeReaders(readers, ask, this.#ports);
  }

  #revoke(readers: readonly PartitionReader[]): void {
    if (readers.length === 0) return;
    for (const reader of readers) {
      reader.end();
      this.#readers.delete(partitionKey(reader));
    }
    try {
      this.#ports.consumer.revoked(readers.map(({ topic, partition }) => ({ topic, partition })));
    } catch (thrown) {
      const fields = { component: 'kafka', reason: messageOf(thrown) };
      this.#ports.logger.error(fields, 'kafka consumer failed to take a revocation');
    }
  }
}
