import { isUtf8 } from 'node:buffer';
import type { Batch, IHeaders, KafkaMessage } from 'kafkajs';
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

/** Turns what kafkajs fetched into records of the seam. */
export function readBatch(batch: Batch): FetchedBatch {
  const records = batch.messages.map(readRecord);
  const bytes = records.reduce(
    (sum, { value }) => sum + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES,
    0,
  );
  return {
    topic: batch.topic,
    partition: batch.partition,
    fetchedFrom: BigInt(fetchedOffsetOf(batch)),
    nextOffset: BigInt(batch.lastOffset()) + 1n,
    records,
    highWatermark: BigInt(batch.highWatermark),
    bytes,
  };
}

/** A message of kafkajs as a record of the seam. */
export function readRecord({
  offset,
  key,
  value,
  headers,
  timestamp,
}: KafkaMessage): IncomingRecord {
  return {
    offset: BigInt(offset),
    key: key === null ? undefined : textOf(key),
    value: value ?? undefined,
    headers: readHeaders(headers ?? {}),
    timestamp: Number(timestamp),
  };
}

// kafkajs tells it, its types do not. It shows when kafkajs has moved on its own account.
function fetchedOffsetOf(batch: Batch): string {
  return 'fetchedOffset' in batch && typeof batch.fetchedOffset === 'string'
    ? batch.fetchedOffset
    : (batch.firstOffset() ?? batch.lastOffset());
}

function readHeaders(headers: IHeaders): Record<string, string> {
  // kafkajs makes an array of a repeated header.
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Buffer.isBuffer(value) ? (textOf(value) ?? '') : typeof value === 'string' ? value : '',
    ]),
  );
}

function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined;
}
