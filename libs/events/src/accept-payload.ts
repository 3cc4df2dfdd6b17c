import type { Violation } from '@nova/errors';
import { fromJson, type JsonObject, toJson } from '@nova/proto/runtime';
import { aggregateIdOf, checkGivenId } from './aggregate-id.ts';
import { checkField } from './check-field.ts';
import { checkJson } from './check-json.ts';
import type { EventType } from './event-type.ts';
import { nearestOf } from './nearest.ts';
import { memberPath, Violations } from './violations.ts';

/** Most bytes of a payload as it is stored. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

const MAX_NAME_LENGTH = 100;
const PATH = 'payload';
const encoder = new TextEncoder();

/** What a publisher gave. An empty aggregateId is derived from the payload where that can be. */
export interface GivenPayload {
  readonly aggregateId: string;
  readonly payload: JsonObject;
}

/** The payload as it will be stored, or the reasons why not, at most 20. */
export type AcceptedPayload =
  | { readonly ok: true; readonly aggregateId: string; readonly payload: Uint8Array }
  | { readonly ok: false; readonly violations: Violation[] };

/**
 * Judges a payload against its schema and writes it as it is stored: the fields in the order of the
 * schema under their proto names, times in UTC, 64-bit integers as text, the field that equals the
 * aggregate id filled in. Field paths begin with `payload` or are `aggregate_id`.
 *
 * A lone surrogate can be refused only where it arrives: in JSON text. Protobuf strings are UTF-8,
 * where a client's encoder has replaced it before and a decoder refuses it.
 */
export function acceptPayload(eventType: EventType, given: GivenPayload): AcceptedPayload {
  const violations = new Violations();
  checkJson(given.payload, PATH, violations);
  // Nothing below is safe on, or worth saying about, what is no JSON that can be stored.
  if (!violations.isEmpty) {
    checkGivenId(given.aggregateId, violations);
    return { ok: false, violations: violations.all() };
  }
  const fields = namedFields(eventType, given.payload, violations);
  for (const field of eventType.fields) {
    const value = fields[field.name];
    if (value !== undefined) checkField(field, value, `${PATH}.${field.name}`, violations);
  }
  const aggregateId = aggregateIdOf(eventType, given.aggregateId, fields, violations);
  fillAggregateId(eventType, aggregateId, fields);
  for (const field of eventType.fields) {
    if (field.required && fields[field.name] === undefined) {
      violations.add(`${PATH}.${field.name}`, 'is required');
    }
  }
  if (!violations.isEmpty) return { ok: false, violations: violations.all() };
  const payload = write(eventType, fields);
  if (payload.length > MAX_PAYLOAD_BYTES) {
    violations.add(
      PATH,
      `must not exceed ${MAX_PAYLOAD_BYTES} bytes; given were ${payload.length}`,
    );
    return { ok: false, violations: violations.all() };
  }
  return { ok: true, aggregateId, payload };
}

// The members under their proto names, null taken as absent. Proto JSON lets a field be written
// userId as well as user_id.
function namedFields(
  eventType: EventType,
  payload: JsonObject,
  violations: Violations,
): JsonObject {
  const fields: JsonObject = {};
  for (const [key, value] of Object.entries(payload)) {
    const field = eventType.fields.find(({ name, desc }) => name === key || desc.jsonName === key);
    if (field === undefined) {
      violations.add(memberPath(PATH, key), unknownField(eventType, key));
    } else if (fields[field.name] !== undefined) {
      violations.add(`${PATH}.${field.name}`, 'is given twice, in both spellings');
    } else if (value !== null) {
      fields[field.name] = value;
    }
  }
  return fields;
}

function unknownField({ type, fields }: EventType, key: string): string {
  const names = fields.map(({ name }) => name);
  const isName = key.length <= MAX_NAME_LENGTH;
  const nearest = isName ? nearestOf([key.toLowerCase()], names) : undefined;
  return nearest === undefined
    ? `is not a field of ${type}`
    : `is not a field of ${type}; the nearest is ${nearest}`;
}

function fillAggregateId(eventType: EventType, aggregateId: string, fields: JsonObject): void {
  const { keyRule } = eventType;
  if (keyRule.kind === 'field' && aggregateId !== '') fields[keyRule.field] ??= aggregateId;
}

function write({ message }: EventType, fields: JsonObject): Uint8Array {
  const json = toJson(message, fromJson(message, fields), { useProtoFieldName: true });
  return encoder.encode(JSON.stringify(json));
}
