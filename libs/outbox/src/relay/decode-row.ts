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
  if (row.columns !== COLUMNS) throw new TypeError(`a row of ${row.columns} columns`);
  const position = row.int64(0);
  const event: StoredEvent = {
    position: { epoch: epochOf(position), position },
    aggregateVersion: row.int64(1),
    typeSequence: row.int64(2),
    occurredAt: timestamp(row.about64(3)),
    storedAt: timestamp(row.about64(4)),
    eventId: row.uuid(5),
    schemaVersion: row.int32(6),
    lane: row.int16(7),
    eventType: row.text(8),
    aggregateType: row.text(9),
    aggregateId: row.text(10),
    source: row.text(11),
    previous: versions(row.text(13)),
    annotations: annotationsFromJson(strings(row.text(14))),
    payload: row.bytes(15),
  };
  return row.isNull(12) ? event : { ...event, tenant: row.text(12) };
}

/** The last second that was written, up to its point: most events are of the same one as those before. */
let written = { second: Number.NaN, text: '' };

/**
 * Microseconds since 2000 as RFC 3339 in UTC with microseconds. A double holds them exactly until
 * the year 2285, and costs a fifth of a bigint.
 */
function timestamp(micros: number): string {
  const second = Math.floor(micros / 1e6);
  if (second !== written.second) {
    const text = new Date(second * 1000 + POSTGRES_EPOCH_MS).toISOString();
    written = { second, text: text.slice(0, -'000Z'.length) };
  }
  return `${written.text}${String(micros - second * 1e6).padStart(6, '0')}Z`;
}

function versions(json: string): Record<string, bigint> {
  if (json === '{}') return {};
  const parsed = parsedObject(json);
  const found: Record<string, bigint> = {};
  for (const type in parsed) {
    const version = parsed[type];
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

function parsedObject(json: string): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(json);
  if (!isObject(parsed)) throw new TypeError('not a JSON object');
  return parsed;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
