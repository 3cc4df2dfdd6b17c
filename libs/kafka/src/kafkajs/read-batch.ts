import type { Batch, IHeaders, KafkaMessage } from 'kafkajs';
import { bytesOf, type FetchedBatch, textOf } from '../fetched-batch.ts';
import { recordTime } from '../record-time.ts';
import type { IncomingRecord } from '../seam.ts';

/** Turns what kafkajs fetched into records of the seam. */
export function readBatch(batch: Batch): FetchedBatch {
  const records = batch.messages.map(readRecord);
  return {
    topic: batch.topic,
    partition: batch.partition,
    fetchedFrom: BigInt(fetchedOffsetOf(batch)),
    nextOffset: BigInt(batch.lastOffset()) + 1n,
    records,
    highWatermark: BigInt(batch.highWatermark),
    bytes: bytesOf(records),
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
    timestamp: recordTime(timestamp),
  };
}

// kafkajs tells it, its types do not. It shows when kafkajs has moved on its own account.
function fetchedOffsetOf(batch: Batch): string {
  return 'fetchedOffset' in batch && typeof batch.fetchedOffset === 'string'
    ? batch.fetchedOffset
    : (batch.firstOffset() ?? batch.lastOffset());
}

// A plain loop: each record has some fifteen headers.
function readHeaders(headers: IHeaders): Record<string, string> {
  if (Object.hasOwn(headers, '__proto__')) {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, headerText(value)]),
    );
  }
  const texts: Record<string, string> = {};
  for (const name in headers) texts[name] = headerText(headers[name]);
  return texts;
}

// kafkajs makes an array of a repeated header.
function headerText(value: IHeaders[string]): string {
  if (Buffer.isBuffer(value)) return textOf(value) ?? '';
  return typeof value === 'string' ? value : '';
}
