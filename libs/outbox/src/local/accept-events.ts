import { NovaError, type Violation } from '@nova/errors';
import {
  acceptAnyPayload,
  acceptPayload,
  annotationsToJson,
  catalogue,
  isCanonicalUuid,
  isEventTypeName,
  newEventId,
} from '@nova/events';
import { errors } from '../errors.ts';
import type { LocalEvent } from './local-event.ts';

/** As in one call of the log. */
const MAX_EVENTS = 500;
/** The log takes 16 keys and 4,096 bytes; one of them is `source_version`. */
const MAX_METADATA_KEYS = 15;
const MAX_METADATA_BYTES = 4000;
const MAX_ID_BYTES = 255;
const MAX_AHEAD_MS = 60_000;
const NAME = /^[a-z][a-z0-9_]{0,99}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** An event that nova will take, as far as that can be told here. */
export interface AcceptedLocalEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly occurredAt: string | undefined;
  /** The ce_ headers. */
  readonly headers: Record<string, string>;
  readonly payload: Uint8Array;
}

/**
 * Judges events before they enter the outbox: what nova refuses later would hold up its aggregate.
 * Types of the catalogue are judged by their schema; of others only what no schema can allow.
 *
 * @throws LOCAL_EVENT_INVALID with all that is wrong, at most 20 fields
 */
export function acceptLocalEvents(events: readonly LocalEvent[]): readonly AcceptedLocalEvent[] {
  const violations: Violation[] = [];
  if (events.length > MAX_EVENTS) {
    violations.push({ field: 'events', description: `must be at most ${MAX_EVENTS}` });
  }
  const accepted = events.slice(0, MAX_EVENTS).map((event, index) => {
    const found: Violation[] = [];
    const one = acceptOne(event, found);
    violations.push(
      ...found.map(({ field, description }) => ({
        field: `events[${index}].${field}`,
        description,
      })),
    );
    return one;
  });
  if (new Set(accepted.map(({ eventId }) => eventId)).size < accepted.length) {
    violations.push({ field: 'events', description: 'must not have the same event_id twice' });
  }
  const [first] = violations;
  if (first === undefined) return accepted;
  throw new NovaError(
    errors.LOCAL_EVENT_INVALID,
    { first: `${first.field} ${first.description}` },
    { violations: violations.slice(0, 20) },
  );
}

function acceptOne(event: LocalEvent, found: Violation[]): AcceptedLocalEvent {
  const { eventType, aggregateId = '', eventId = newEventId(), occurredAt } = event;
  const known = catalogue.get(eventType);
  const given = { aggregateId, payload: event.payload };
  const judged = known === undefined ? acceptAnyPayload(given) : acceptPayload(known, given);
  if (!judged.ok) found.push(...judged.violations);
  if (!isEventTypeName(eventType)) {
    found.push({ field: 'event_type', description: 'must be snake_case, of two words or more' });
  }
  if (!isCanonicalUuid(eventId)) {
    found.push({ field: 'event_id', description: 'must be a UUID in lower case with hyphens' });
  }
  if (occurredAt !== undefined && !isPast(occurredAt)) {
    found.push({ field: 'occurred_at', description: 'must be a time between 1970 and now' });
  }
  return {
    eventId,
    eventType,
    aggregateType: acceptAggregateType(event.aggregateType, known?.aggregateType, found),
    aggregateId: judged.ok ? judged.aggregateId : aggregateId,
    occurredAt: occurredAt === undefined ? undefined : textOf(occurredAt),
    headers: acceptHeaders(event, found),
    payload: judged.ok ? judged.payload : new Uint8Array(),
  };
}

function acceptAggregateType(
  given: string | undefined,
  known: string | undefined,
  found: Violation[],
): string {
  const type = given ?? known ?? '';
  if (known !== undefined && type !== known) {
    found.push({ field: 'aggregate_type', description: `must be ${known}, or be left out` });
  }
  if (!NAME.test(type)) {
    const description = 'is required, in snake_case, for types that the catalogue does not have';
    found.push({ field: 'aggregate_type', description });
  }
  return type;
}

function acceptHeaders(event: LocalEvent, found: Violation[]): Record<string, string> {
  const { correlationId, causationId, metadata = {} } = event;
  for (const [field, id] of [
    ['correlation_id', correlationId],
    ['causation_id', causationId],
  ]) {
    if (field === undefined || id === undefined || isIdentifier(id)) continue;
    found.push({
      field,
      description: `must have 1 to ${MAX_ID_BYTES} bytes, none of them control`,
    });
  }
  const problem = metadataProblem(metadata);
  if (problem !== undefined) found.push({ field: 'metadata', description: problem });
  return annotationsToJson({
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    metadata,
  });
}

function isIdentifier(id: string): boolean {
  const bytes = Buffer.byteLength(id);
  return bytes > 0 && bytes <= MAX_ID_BYTES && !CONTROL.test(id) && id.isWellFormed();
}

function metadataProblem(metadata: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA_KEYS) return `must have at most ${MAX_METADATA_KEYS} keys`;
  if ('source_version' in metadata) return 'must not have source_version, which nova fills in';
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES) {
    return `must have at most ${MAX_METADATA_BYTES} bytes as JSON`;
  }
  const isText = (text: string) => !text.includes('\0') && text.isWellFormed();
  const sound = entries.every(([key, value]) => key !== '' && isText(key) && isText(value));
  return sound ? undefined : 'must have keys, and no NUL or half a surrogate pair';
}

function isPast(time: Date): boolean {
  const ms = time.getTime();
  return ms >= 0 && ms <= Date.now() + MAX_AHEAD_MS;
}

function textOf(time: Date): string | undefined {
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
