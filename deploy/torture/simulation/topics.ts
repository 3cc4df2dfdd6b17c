import type { IncomingRecord, TopicPartition } from '@nova/consumer';
import type { FakePublisher } from '../../../libs/outbox/src/testing/fake-publisher.ts';

/** The records of a publisher in memory as a broker would give them to consumers. */
export class SimulatedTopics {
  readonly partitions = 8;
  readonly #publisher: FakePublisher;
  readonly #records = new Map<string, IncomingRecord[]>();
  #taken = 0;

  constructor(publisher: FakePublisher) {
    this.#publisher = publisher;
  }

  /** In order of their offsets. */
  of({ topic, partition }: TopicPartition): readonly IncomingRecord[] {
    this.#take();
    return this.#records.get(`${topic}:${partition}`) ?? [];
  }

  #take(): void {
    const { arrived } = this.#publisher;
    for (; this.#taken < arrived.length; this.#taken += 1) {
      const record = arrived[this.#taken];
      if (record === undefined) return;
      const { topic, partition, key, value, headers } = record;
      const place = `${topic}:${partition}`;
      const records = this.#records.get(place) ?? [];
      this.#records.set(place, records);
      records.push({ offset: BigInt(records.length), key, value, headers, timestamp: 0 });
    }
  }
}
