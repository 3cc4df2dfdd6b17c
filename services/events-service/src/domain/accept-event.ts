import { isCanonicalUuid, newEventId, requestEventId } from '@nova/events';
import type { NewEvent } from '@nova/outbox';
import type { JsonObject, Timestamp } from '@nova/proto/runtime';
import { acceptAnnotations, type CallTrace, type GivenAnnotations } from './annotations.ts';
import { type AcceptedTime, acceptExpiresAt, acceptOccurredAt } from './event-time.ts';
import type { KnownType, KnownTypes } from './known-types.ts';
import { fieldPath, quoted, type Violations } from './violations.ts';

/** An event as a request gives it. */
export interface GivenEvent extends GivenAnnotations {
  readonly eventType: string;
  readonly aggregateId: string;
  /** Empty where the catalogue is to say it. */
  readonly aggregateType: string;
  /** Undefined where it could not even be read, which was said already. */
  readonly payload: JsonObject | undefined;
  readonly eventId: string;
  readonly occurredAt?: Timestamp | undefined;
  readonly expiresAt?: Timestamp | undefined;
}

/** The request that an event arrives with. */
export interface Arrival {
  /** What may be published; it has judged the payloads of registered types. */
  readonly types: KnownTypes;
  readonly now: Date;
  /**
   * By a service of the mesh, which passes on times that were taken before: that of an effect is its
   * cause's. Whosever clock was wrong then, it is no reason to refuse what follows from it.
   */
  readonly isFromService?: boolean;
  /** `/nova/<service or publishing identity>`. */
  readonly source: string;
  readonly trace: CallTrace;
  /** With a request id, ids of events follow from it, so that a retry makes the same ones. */
  readonly key: RequestIdentity | undefined;
}

/** What makes a request the same as an earlier one. */
export interface RequestIdentity {
  readonly principal: string;
  /** `package.Service/Method`. */
  readonly method: string;
  readonly requestId: string;
}

/** An event that may be appended. */
export interface AcceptedEvent {
  readonly event: NewEvent;
  /** The alias that was given for the event type. */
  readonly alias: string | undefined;
}

/**
 * Decides whether an event may enter the log as it stands: known type, canonical ids, payload by
 * its schema, sane times, bounded annotations. What is wrong goes to `violations` with its path
 * below `prefix`; then nothing is answered.
 */
export function acceptEvent(
  given: GivenEvent,
  arrival: Arrival,
  place: { readonly prefix: string; readonly index: number },
  violations: Violations,
): AcceptedEvent | undefined {
  const { prefix } = place;
  const type = resolveType(
    arrival.types,
    given.eventType,
    fieldPath(prefix, 'event_type'),
    violations,
  );
  const annotations = acceptAnnotations(given, arrival.trace, prefix, violations);
  const times = acceptTimes(given, arrival, prefix, violations);
  checkEventId(given.eventId, fieldPath(prefix, 'event_id'), violations);
  if (type === undefined) return undefined;
  const { eventType, alias } = type;
  checkAggregateType(
    given.aggregateType,
    eventType,
    fieldPath(prefix, 'aggregate_type'),
    violations,
  );
  const accepted = checkPayload(eventType, given, prefix, violations);
  if (accepted === undefined || !violations.none) return undefined;
  const event: NewEvent = {
    ...identify(given.eventId, arrival.key, place.index),
    eventType: eventType.type,
    schemaVersion: eventType.schemaVersion,
    aggregateType: eventType.aggregateType,
    aggregateId: accepted.aggregateId,
    payload: accepted.payload,
    source: arrival.source,
    ...(times.occurredAt === undefined ? {} : { occurredAt: times.occurredAt }),
    annotations: {
      ...annotations,
      ...(times.expiresAt === undefined ? {} : { expiresAt: times.expiresAt }),
    },
  };
  return { event, alias };
}

/** Finds the event type that is meant; an unknown one is refused by naming the nearest. */
export function resolveType(
  types: KnownTypes,
  given: string,
  field: string,
  violations: Violations,
): { eventType: KnownType; alias: string | undefined } | undefined {
  if (given === '') {
    violations.add(field, 'is required');
    return undefined;
  }
  const found = types.resolve(given);
  if ('eventType' in found) return { eventType: found.eventType, alias: found.alias };
  const hint = found.nearest === undefined ? '' : `; did you mean ${found.nearest}?`;
  violations.add(field, `unknown event type ${quoted(given)}${hint}`);
  return undefined;
}

function checkPayload(
  eventType: KnownType,
  { aggregateId, payload }: GivenEvent,
  prefix: string,
  violations: Violations,
): { readonly aggregateId: string; readonly payload: Uint8Array } | undefined {
  if (payload === undefined) return undefined;
  const accepted = eventType.accept({ aggregateId, payload });
  if (accepted.ok) return accepted;
  violations.addAll(
    accepted.violations.map(({ field, description }) => ({
      field: fieldPath(prefix, field),
      description,
    })),
  );
  return undefined;
}

function checkAggregateType(
  given: string,
  eventType: KnownType,
  field: string,
  violations: Violations,
): void {
  if (given === '' || given === eventType.aggregateType) return;
  violations.add(
    field,
    `must be ${eventType.aggregateType} for ${eventType.type}, or be left out; it is ${quoted(given)}`,
  );
}

function checkEventId(given: string, field: string, violations: Violations): void {
  if (given === '') return;
  if (!isCanonicalUuid(given)) {
    violations.add(field, 'must be a UUID in lower case with hyphens, not the nil UUID');
  }
}

function acceptTimes(
  given: GivenEvent,
  { now, isFromService = false }: Arrival,
  prefix: string,
  violations: Violations,
): { occurredAt: string | undefined; expiresAt: string | undefined } {
  const accept = (
    field: string,
    instant: Timestamp | undefined,
    judge: (instant: Timestamp) => AcceptedTime,
  ) => {
    if (instant === undefined) return undefined;
    const judged = judge(instant);
    if ('text' in judged) return judged.text;
    violations.add(fieldPath(prefix, field), judged.problem);
    return undefined;
  };
  return {
    occurredAt: accept('occurred_at', given.occurredAt, (instant) =>
      acceptOccurredAt(instant, isFromService ? undefined : now),
    ),
    expiresAt: accept('expires_at', given.expiresAt, (instant) => acceptExpiresAt(instant, now)),
  };
}

/**
 * The id of an event. One derived from the request id counts as given: it comes back when the same
 * request is repeated after its stored answer has been purged, and then must find its event.
 */
function identify(
  given: string,
  key: RequestIdentity | undefined,
  index: number,
): { eventId: string; eventIdGiven: boolean } {
  if (given !== '') return { eventId: given, eventIdGiven: true };
  if (key === undefined) return { eventId: newEventId(), eventIdGiven: false };
  const { principal, method, requestId } = key;
  return { eventId: requestEventId(principal, method, requestId, index), eventIdGiven: true };
}
