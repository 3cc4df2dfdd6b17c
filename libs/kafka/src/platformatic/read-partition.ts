import type { Consumer, KafkaRecord, RecordsBatch } from '@platformatic/kafka';
import { bytesOf, type FetchedBatch, textOf } from '../fetched-batch.ts';
import { recordTime } from '../record-time.ts';
import type { IncomingRecord, TopicPartition } from '../seam.ts';

/** Bits of a record batch's attributes. */
const LOG_APPEND_TIME = 8;
const TRANSACTIONAL = 16;
const CONTROL = 32;
/** In the key of a control record: its transaction was given up. */
const ABORT = 0;

/** An answer to a fetch; the client does not export its name. */
export type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
export type FetchResponsePartition = FetchResponse['responses'][number]['partitions'][number];

type Transactions = FetchResponsePartition['abortedTransactions'];

/**
 * What a fetch brought of one partition; undefined when nothing. Brokers answer with whole batches:
 * records before the offset that was asked for are left out, as are those of transactions that were
 * given up (the client leaves some of them in) and what only marks the end of one.
 */
export function readPartition(
  partition: TopicPartition,
  fetchedFrom: bigint,
  { records: batches, highWatermark, abortedTransactions }: FetchResponsePartition,
): FetchedBatch | undefined {
  const last = batches?.at(-1);
  if (batches === undefined || batches === null || last === undefined) return undefined;
  const records = committed(batches, abortedTransactions)
    .flatMap((batch) => batch.records.map((record) => readRecord(batch, record)))
    .filter(({ offset }) => offset >= fetchedFrom);
  const { topic, partition: number } = partition;
  return {
    topic,
    partition: number,
    fetchedFrom,
    nextOffset: last.firstOffset + BigInt(last.lastOffsetDelta) + 1n,
    records,
    highWatermark,
    bytes: bytesOf(records),
  };
}

function committed(batches: readonly RecordsBatch[], aborted: Transactions): RecordsBatch[] {
  const begins = [...(aborted ?? [])].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const givenUp = new Set<bigint>();
  return batches.filter((batch) => {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    for (let next = begins[0]; next !== undefined && next.firstOffset <= end; next = begins[0]) {
      givenUp.add(next.producerId);
      begins.shift();
    }
    if ((batch.attributes & CONTROL) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(2) === ABORT) givenUp.delete(batch.producerId);
      return false;
    }
    return (batch.attributes & TRANSACTIONAL) === 0 || !givenUp.has(batch.producerId);
  });
}

function readRecord(batch: RecordsBatch, record: KafkaRecord): IncomingRecord {
  const isAppendTime = (batch.attributes & LOG_APPEND_TIME) !== 0;
  const time = isAppendTime ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta;
  return {
    offset: batch.firstOffset + BigInt(record.offsetDelta),
    key: record.key === null ? undefined : textOf(record.key),
    value: record.value ?? undefined,
    headers: readHeaders(record.headers),
    timestamp: recordTime(time),
  };
}

function readHeaders(headers: KafkaRecord['headers']): Record<string, string> {
  const read = new Map<string, string>();
  for (const [name, value] of headers) {
    const text = name?.toString() ?? '';
    read.set(text, read.has(text) || value === null ? '' : (textOf(value) ?? ''));
  }
  return Object.fromEntries(read);
}
