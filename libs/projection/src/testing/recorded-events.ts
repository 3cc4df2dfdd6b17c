import { readFileSync } from 'node:fs';
import { acceptPayload, catalogue, derivedId, laneOf, type StoredEvent } from '@nova/events';
import type { JsonObject } from '@nova/proto/runtime';

/** An event as a spec writes it down. */
export interface EventRecord {
  readonly event_type: string;
  /** May be left out where the payload derives it. */
  readonly aggregate_id?: string;
  readonly payload: JsonObject;
  /** RFC 3339, microseconds; by default the time at which it is stored. */
  readonly occurred_at?: string;
}

interface Head {
  readonly version: bigint;
  readonly types: Readonly<Record<string, { readonly version: bigint; readonly count: bigint }>>;
}

const FIRST_STORED_MS = Date.parse('2026-01-01T00:00:00Z');

/** Reads records from a JSON file. */
export function readRecords(file: URL): readonly EventRecord[] {
  // A file of the spec that names it.
  return JSON.parse(readFileSync(file, 'utf8')) as EventRecord[];
}

/**
 * The events of a log that has stored these records one after the other, one each second: always
 * the same for the same records.
 *
 * @throws TypeError for a record that the log would refuse.
 */
export function recorded(records: readonly EventRecord[]): readonly StoredEvent[] {
  const heads = new Map<string, Head>();
  return records.map((record, index): StoredEvent => {
    const { eventType, aggregateId, payload } = accepted(record, index);
    const { type, aggregateType } = eventType;
    const name = `${aggregateType}/${aggregateId}`;
    const before = heads.get(name) ?? { version: 0n, types: {} };
    const version = before.version + 1n;
    const typeSequence = (before.types[type]?.count ?? 0n) + 1n;
    heads.set(name, {
      version,
      types: { ...before.types, [type]: { version, count: typeSequence } },
    });
    const storedAt = new Date(FIRST_STORED_MS + index * 1000).toISOString().replace('Z', '000Z');
    return {
      position: { epoch: 'recorded', position: BigInt(index + 1) },
      eventId: derivedId(`recorded:${index}`),
      eventType: type,
      schemaVersion: eventType.schemaVersion,
      aggregateType,
      aggregateId,
      aggregateVersion: version,
      typeSequence,
      previous: Object.fromEntries(
        Object.entries(before.types).map(([name, last]) => [name, last.version]),
      ),
      lane: laneOf(aggregateId),
      payload,
      source: '/nova/spec',
      occurredAt: record.occurred_at ?? storedAt,
      storedAt,
      annotations: {},
    };
  });
}

function accepted({ event_type, aggregate_id = '', payload }: EventRecord, index: number) {
  const eventType = catalogue.get(event_type);
  if (eventType === undefined) throw new TypeError(`record ${index}: no type ${event_type}`);
  const result = acceptPayload(eventType, { aggregateId: aggregate_id, payload });
  if (result.ok) return { eventType, ...result };
  const [first] = result.violations;
  throw new TypeError(`record ${index}: ${first?.field} ${first?.description}`);
}
