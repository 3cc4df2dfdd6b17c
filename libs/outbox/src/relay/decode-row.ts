import { annotationsFromJson, type StoredEvent } from '@nova/events';
import type { CopyRow } from './copy-binary.ts';

const COLUMNS = 16;
const POSTGRES_EPOCH_MS = 946_684_800_000; // 2000-01-01, from which timestamps are counted

/**
 * An event from a row of `read-window.sql`; the order of the fields is that of its columns.
 *
 * @throws TypeError when the row is not one of that statement.
 */
export function decodeRow(row: CopyRow, epochOf: (position: bigint) => string): StoredEvent {
  if (row.length !== COLUMNS) throw new TypeError(`a row of ${row.length} columns`);
  const position = given(row, 0).readBigInt64BE();
  const tenant = row[12];
  return {
    position: { epoch: epochOf(position), position },
    aggregateVersion: given(row, 1).readBigInt64BE(),
    typeSequence: given(row, 2).readBigInt64BE(),
    occurredAt: timestamp(given(row, 3)),
    storedAt: timestamp(given(row, 4)),
    eventId: uuid(given(row, 5)),
    schemaVersion: given(row, 6).readInt32BE(),
    lane: given(row, 7).readInt16BE(),
    eventType: given(row, 8).toString('utf8'),
    aggregateType: given(row, 9).toString('utf8'),
    aggregateId: given(row, 10).toString('utf8'),
    source: given(row, 11).toString('utf8'),
    ...(tenant ? { tenant: tenant.toString('utf8') } : {}),
    previous: versions(given(row, 13).toString('utf8')),
    annotations: annotationsFromJson(strings(given(row, 14).toString('utf8'))),
    payload: given(row, 15),
  };
}

function given(row: CopyRow, column: number): Buffer {
  const field = row[column];
  if (!field) throw new TypeError(`column ${column} is null`);
  return field;
}

/** The last second that was written, up to its point: most events are of the same one as those before. */
let written = { second: Number.NaN, text: '' };

/**
 * Microseconds since 2000 as RFC 3339 in UTC with microseconds. A double holds them exactly until
 * the year 2285, and costs a fifth of a bigint.
 */
function timestamp(field: Buffer): string {
  const micros = field.readInt32BE(0) * 2 ** 32 + field.readUInt32BE(4);
  const second = Math.floor(micros / 1e6);
  if (second !== written.second) {
    const text = new Date(second * 1000 + POSTGRES_EPOCH_MS).toISOString();
    written = { second, text: text.slice(0, -'000Z'.length) };
  }
  return `${written.text}${String(micros - second * 1e6).padStart(6, '0')}Z`;
}

function uuid(field: Buffer): string {
  const hex = field.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function versions(json: string): Record<string, bigint> {
  if (json === '{}') return {};
  const found: Record<string, bigint> = {};
  for (const [type, version] of Object.entries(parsedObject(json))) {
    found[type] = BigInt(typeof version === 'number' ? version : String(version));
  }
  return found;
}

function strings(json: string): Record<string, string> {
  if (json === '{}') return {};
  return Object.fromEntries(
    Object.entries(parsedObject(json)).map(([name, value]) => [name, String(value)]),
  );
}

function parsedObject(json: string): object {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError('not a JSON object');
  return parsed;
}
