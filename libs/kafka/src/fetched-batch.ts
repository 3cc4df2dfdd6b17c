import { isUtf8 } from 'node:buffer';
import type { IncomingRecord, TopicPartition } from './seam.ts';

/** Records of one partition as they were fetched, with where the fetch began and ended. */
export interface FetchedBatch extends TopicPartition {
  /** Offset that was asked for. */
  readonly fetchedFrom: bigint;
  /** Where the next fetch goes on. */
  readonly nextOffset: bigint;
  readonly records: readonly IncomingRecord[];
  readonly highWatermark: bigint;
  /** About what the records take in memory. */
  readonly bytes: number;
}

const RECORD_OVERHEAD_BYTES = 512;

/** About what records take in memory. */
export function bytesOf(records: readonly IncomingRecord[]): number {
  return records.reduce((sum, { value }) => sum + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES, 0);
}

/** Bytes as text; undefined where they are not UTF-8. */
export function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined;
}
