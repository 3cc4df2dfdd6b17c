import type {
  EventPublisher,
  OutgoingBatch,
  OutgoingRecord,
  RefusedRecord,
} from '../relay/publisher.ts';

/** What happens to one batch. */
export type Fate =
  | 'accept'
  /** Rejected; nothing arrived. */
  | 'reject'
  /** Rejected, although the first half arrived. */
  | 'reject-half'
  /** Rejected, although everything arrived. */
  | 'reject-late'
  /** Nothing happens until `release`; then it arrives. */
  | 'hang';

/** A record as it lies in a topic. */
export interface ArrivedRecord extends OutgoingRecord {
  readonly topic: string;
  readonly partition: number;
}

class Refusal extends Error {
  readonly refused: RefusedRecord;

  constructor(index: number) {
    super('planted refusal');
    this.refused = { index, errorCode: 'PLANTED', reason: this.message };
  }
}

/**
 * An `EventPublisher` in memory: topics with a fixed number of partitions, one batch in work per
 * partition, and a fate for each batch that a spec decides.
 */
export class FakePublisher implements EventPublisher {
  /** Everything that arrived, in order. */
  readonly arrived: ArrivedRecord[] = [];
  /** Batches that were handed over, arrived or not. */
  readonly batches: OutgoingBatch[] = [];
  /** Decides what happens to a batch when it is its turn. */
  fate: (batch: OutgoingBatch) => Fate = () => 'accept';
  /** Which records are never taken. */
  refuses: (record: OutgoingRecord) => boolean = () => false;
  readonly #partitions: (topic: string) => number | undefined;
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #hanging: (() => void)[] = [];

  /** @param partitions of a topic; undefined = there is no such topic. */
  constructor(partitions: (topic: string) => number | undefined = () => 8) {
    this.#partitions = partitions;
  }

  partitionsOf(topic: string): Promise<number> {
    const count = this.#partitions(topic);
    return count === undefined
      ? Promise.reject(new Error(`no topic ${topic}`))
      : Promise.resolve(count);
  }

  async publish(batch: OutgoingBatch): Promise<void> {
    const partitions = await this.partitionsOf(batch.topic);
    if (batch.partition < 0 || batch.partition >= partitions) throw new Error('no such partition');
    this.batches.push(batch);
    const name = `${batch.topic}/${batch.partition}`;
    const before = this.#tails.get(name) ?? Promise.resolve();
    const result = before.then(() => this.#decide(batch));
    this.#tails.set(
      name,
      result.catch(() => {}),
    );
    await result;
  }

  refusalIn(thrown: unknown): RefusedRecord | undefined {
    return thrown instanceof Refusal ? thrown.refused : undefined;
  }

  /** Lets everything that hangs arrive. */
  release(): void {
    for (const go of this.#hanging.splice(0)) go();
  }

  /** How many batches hang. */
  hanging(): number {
    return this.#hanging.length;
  }

  async #decide(batch: OutgoingBatch): Promise<void> {
    const fate = this.fate(batch);
    if (fate === 'hang') await new Promise<void>((go) => this.#hanging.push(go));
    const share = { accept: 1, hang: 1, 'reject-late': 1, 'reject-half': 0.5, reject: 0 }[fate];
    const { topic, partition, records } = batch;
    const refused = records.findIndex((record) => this.refuses(record));
    const taken = refused < 0 ? records : records.slice(0, refused);
    for (const record of taken.slice(0, Math.floor(taken.length * share))) {
      this.arrived.push({ ...record, topic, partition });
    }
    // An acknowledgement is never seen in the turn in which the record was sent.
    await new Promise((resolve) => setImmediate(resolve));
    if (fate.startsWith('reject')) throw new Error('planted failure');
    if (refused >= 0) throw new Refusal(refused);
  }
}
