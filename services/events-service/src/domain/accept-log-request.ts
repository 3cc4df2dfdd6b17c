import { isCanonicalUuid, LANES } from '@nova/events';
import type { RequestKey } from '@nova/outbox';
import type {
  RequestKey as GivenKey,
  NewEvent as GivenLogEvent,
} from '@nova/proto/gen/events/event_log_pb';
import { type GivenEvent, resolveType } from './accept-event.ts';
import type { KnownTypes } from './known-types.ts';
import { readJsonObject } from './strict-json.ts';
import { identifierProblem } from './text.ts';
import { fieldPath, type Violations } from './violations.ts';

const MAX_NAME_BYTES = 255;
const HASH_BYTES = 32;
const METHOD = /^[a-z]+\.[A-Za-z]+\/[A-Za-z]+$/;

/** Reads the idempotency key that a service sends for its own caller. */
export function acceptKey(
  given: GivenKey | undefined,
  violations: Violations,
): RequestKey | undefined {
  if (given === undefined) return undefined;
  const { principal, method, requestId, requestHash } = given;
  checkName(principal, 'key.principal', violations);
  if (!METHOD.test(method)) violations.add('key.method', 'must be "package.Service/Method"');
  if (!isCanonicalUuid(requestId)) {
    violations.add('key.request_id', 'must be a UUID in lower case with hyphens');
  }
  if (requestHash.length !== HASH_BYTES) {
    violations.add('key.request_hash', `must have ${HASH_BYTES} bytes`);
  }
  return { principal, method, requestId, hash: requestHash };
}

/** A required short name without control characters. */
export function checkName(given: string, field: string, violations: Violations): void {
  const problem = given === '' ? 'is required' : identifierProblem(given, MAX_NAME_BYTES);
  if (problem !== undefined) violations.add(field, problem);
}

/** Parses the JSON text of an event; without a payload its other fields are still judged. */
export function parseLogEvent(
  given: GivenLogEvent,
  prefix: string,
  violations: Violations,
): GivenEvent {
  const read = readJsonObject(given.payload);
  if (!read.ok) violations.add(fieldPath(prefix, 'payload'), read.problem);
  return { ...given, aggregateType: '', payload: read.ok ? read.value : undefined };
}

/** Lanes to read; empty means all. */
export function acceptLanes(given: readonly number[], violations: Violations): readonly number[] {
  given.forEach((lane, index) => {
    if (lane < 0 || lane >= LANES) {
      violations.add(`lanes[${index}]`, `must be 0 to ${LANES - 1}`);
    }
  });
  return [...new Set(given)];
}

/** Canonical names of event types to read; empty means all. */
export function acceptEventTypes(
  types: KnownTypes,
  given: readonly string[],
  field: string,
  violations: Violations,
): readonly string[] {
  const named = given.map(
    (name, index) => resolveType(types, name, `${field}[${index}]`, violations)?.eventType.type,
  );
  return [...new Set(named.filter((type) => type !== undefined))];
}
