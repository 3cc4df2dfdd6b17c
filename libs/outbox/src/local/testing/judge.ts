import type { Queryable } from '@nova/postgres';
import type { OutboxReader } from './outbox-readers.ts';

/** What a reader has made of it. */
export interface Verdict {
  readonly reader: string;
  readonly lost: number;
  readonly doubled: number;
  /** Events handed out after a later one of their aggregate. */
  readonly reordered: number;
}

/** Follows a reader and compares what it hands out with what there is. */
export class Judge {
  readonly #reader: OutboxReader;
  readonly #seen = new Map<string, Set<bigint>>();
  readonly #last = new Map<string, bigint>();
  #doubled = 0;
  #reordered = 0;
  #hasErred = false;

  constructor(reader: OutboxReader) {
    this.#reader = reader;
  }

  async read(database: Queryable): Promise<number> {
    const events = await this.#reader.next(database);
    for (const { aggregate, version } of events) {
      const seen = this.#seen.get(aggregate) ?? new Set();
      this.#seen.set(aggregate, seen);
      const last = this.#last.get(aggregate) ?? 0n;
      if (version !== last + 1n) this.#hasErred = true;
      if (seen.has(version)) this.#doubled += 1;
      else if (version < last) this.#reordered += 1;
      seen.add(version);
      if (version > last) this.#last.set(aggregate, version);
    }
    return events.length;
  }

  /** Whether an event was not the next one of its aggregate. */
  get hasErred(): boolean {
    return this.#hasErred;
  }

  /** Nobody writes any more: reads to the end. */
  async finish(database: Queryable): Promise<void> {
    while ((await this.read(database)) > 0);
  }

  verdict(truth: ReadonlyMap<string, bigint>): Verdict {
    let lost = 0;
    for (const [id, head] of truth) lost += Number(head) - (this.#seen.get(id)?.size ?? 0);
    const { name: reader } = this.#reader;
    return { reader, lost, doubled: this.#doubled, reordered: this.#reordered };
  }
}
