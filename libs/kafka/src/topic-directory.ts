import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';

/** Partition counts by topic. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Remembers how many partitions topics have; asks again for those it does not know. */
export class TopicDirectory {
  readonly #load: () => Promise<PartitionCounts>;
  #counts: PartitionCounts = new Map();
  #loading: Promise<PartitionCounts> | undefined;

  /** `load` lists all topics; it is called once at a time, and has its own deadline. */
  constructor(load: () => Promise<PartitionCounts>) {
    this.#load = load;
  }

  /** @throws KAFKA_TOPIC_UNKNOWN when the topic does not exist, and whatever loading throws. */
  async partitionsOf(topic: string): Promise<number> {
    const known = this.#counts.get(topic);
    if (known !== undefined) return known;
    const count = (await this.reload()).get(topic);
    if (count === undefined) throw new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic });
    return count;
  }

  /** Asks the broker for all topics; calls that come meanwhile share the answer. */
  async reload(): Promise<PartitionCounts> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    this.#counts = await this.#loading;
    return this.#counts;
  }

  /** A topic that is known, if any: asking for one is much cheaper than for all. */
  anyTopic(): string | undefined {
    return this.#counts.keys().next().value;
  }

  /** Asks again when this topic is next needed. */
  forget(topic: string): void {
    const counts = new Map(this.#counts);
    counts.delete(topic);
    this.#counts = counts;
  }
}
