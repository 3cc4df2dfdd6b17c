import { createHash } from 'node:crypto';
import type { Queryable } from '@nova/postgres';
import type { IncomingRecord } from './delivery-source.ts';
import type { RecordEntry, RecordIdentity } from './record-entry.ts';

/** A record that nova did not write, with why. */
export interface ForeignRecord {
  readonly entry: RecordEntry;
  readonly record: IncomingRecord;
  readonly reason: string;
}

const LONGEST_VALUE = 64 * 1024;

/** What stands for the event id of a foreign record in stored offsets. */
export function foreignIdentity(record: IncomingRecord): RecordIdentity {
  const hash = createHash('sha256');
  hash.update(record.key ?? '\u0000').update('\u0000');
  hash.update(record.value ?? '\u0000');
  return { eventId: hash.digest('hex'), epoch: '', position: 0n };
}

/** Sets foreign records aside, where they can be seen; each place in a topic once. */
export async function setAside(
  tx: Queryable,
  consumer: string,
  records: readonly ForeignRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map(({ entry, record, reason }) => ({
    topic: entry.partition.topic,
    partition: entry.partition.partition,
    offset: entry.offset.toString(),
    reason,
    key: textOf(record.key),
    headers: headersOf(record.headers),
    value: record.value?.length === undefined ? null : hexOf(record.value),
  }));
  await tx.query(
    `INSERT INTO foreign_records (consumer, topic, partition, "offset", reason, key, headers, value)
     SELECT $1, topic, partition, "offset", reason, key, headers, decode(value, 'hex')
     FROM jsonb_to_recordset($2::jsonb) AS r (topic text, partition integer, "offset" bigint,
       reason text, key text, headers jsonb, value text)
     ON CONFLICT DO NOTHING`,
    [consumer, JSON.stringify(rows)],
  );
}

function hexOf(value: Uint8Array): string {
  return Buffer.from(value.subarray(0, LONGEST_VALUE)).toString('hex');
}

function headersOf(headers: Readonly<Record<string, string>>): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [textOf(name) ?? '', textOf(value)]),
  );
}

// What jsonb and text can hold.
function textOf(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}
