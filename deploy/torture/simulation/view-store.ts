import { partitionKey, type TopicPartition } from '@nova/consumer';
import type { StoredRow } from '@nova/projection';
import type { StoredOffset } from '../../../libs/consumer/src/record-entry.ts';

/** A row of the view. */
export type Row = StoredRow;

/** What a round writes, all at once. */
export interface RoundWrites {
  /** By the text of their key. */
  readonly rows: ReadonlyMap<string, Row | undefined>;
  readonly marks: ReadonlyMap<string, bigint>;
  readonly offsets: readonly StoredOffset[];
}

/** The tables of a consumer in memory: rows, marks and offsets. */
export class ViewStore {
  readonly rows = new Map<string, Row>();
  readonly #marks = new Map<string, bigint>();
  readonly #offsets = new Map<string, StoredOffset>();
  /** Called with each commit. */
  onCommit: (writes: RoundWrites) => void = () => {};

  markOf(aggregate: string): bigint {
    return this.#marks.get(aggregate) ?? 0n;
  }

  offsetOf(place: TopicPartition): StoredOffset | undefined {
    return this.#offsets.get(partitionKey(place));
  }

  commit(writes: RoundWrites): void {
    for (const [key, row] of writes.rows) {
      if (row === undefined) this.rows.delete(key);
      else this.rows.set(key, row);
    }
    for (const [aggregate, version] of writes.marks) this.#marks.set(aggregate, version);
    for (const offset of writes.offsets) this.#offsets.set(partitionKey(offset), offset);
    this.onCommit(writes);
  }
}
