import { isCanonicalUuid } from '@nova/events';
import type { AppendUnit, Condition } from '@nova/outbox';
import { type Condition as GivenCondition, PublishMode } from '@nova/proto/gen/events/event_pb';
import { resolveType } from './accept-event.ts';
import type { KnownTypes } from './known-types.ts';
import { fieldPath, quoted, type Violations } from './violations.ts';

const MAX_NONE_SINCE_TYPES = 32;
const MAX_CONDITIONS = 500;

/** The aggregate that a condition is about when it names none. */
export interface DefaultAggregate {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** Reads a condition; what is wrong with it goes to `violations`, and undefined is answered. */
export function acceptCondition(
  types: KnownTypes,
  given: GivenCondition,
  prefix: string,
  violations: Violations,
  fallback?: DefaultAggregate,
): Condition | undefined {
  const aggregateType = given.aggregateType || (fallback?.aggregateType ?? '');
  const aggregateId = given.aggregateId || (fallback?.aggregateId ?? '');
  checkAggregate(types, aggregateType, aggregateId, prefix, violations);
  const must = acceptMust(types, given.must, aggregateType, prefix, violations);
  return must === undefined ? undefined : { aggregateType, aggregateId, ...must };
}

/** Checks that both parts name an aggregate that could exist. */
export function checkAggregate(
  types: KnownTypes,
  aggregateType: string,
  aggregateId: string,
  prefix: string,
  violations: Violations,
): void {
  checkAggregateType(types, aggregateType, fieldPath(prefix, 'aggregate_type'), violations);
  checkAggregateId(aggregateId, prefix, violations);
}

/** Checks that there is such an aggregate type. */
export function checkAggregateType(
  types: KnownTypes,
  aggregateType: string,
  field: string,
  violations: Violations,
): void {
  if (types.hasAggregateType(aggregateType)) return;
  const problem =
    aggregateType === '' ? 'is required' : `unknown aggregate type ${quoted(aggregateType)}`;
  violations.add(field, problem);
}

/** Checks that a text is an aggregate id in canonical form. */
export function checkAggregateId(
  aggregateId: string,
  prefix: string,
  violations: Violations,
): void {
  if (isCanonicalUuid(aggregateId)) return;
  const problem = aggregateId === '' ? 'is required' : 'must be a UUID in lower case with hyphens';
  violations.add(fieldPath(prefix, 'aggregate_id'), problem);
}

type Must =
  | { kind: 'absent' }
  | { kind: 'exists' }
  | { kind: 'version'; version: bigint }
  | { kind: 'none_since'; eventTypes: readonly string[]; version: bigint };

function acceptMust(
  types: KnownTypes,
  must: GivenCondition['must'],
  aggregateType: string,
  prefix: string,
  violations: Violations,
): Must | undefined {
  switch (must.case) {
    case 'notExist':
    case 'exist': {
      if (must.value) return { kind: must.case === 'exist' ? 'exists' : 'absent' };
      const field = must.case === 'exist' ? 'exist' : 'not_exist';
      violations.add(fieldPath(prefix, field), 'must be true, or another condition');
      return undefined;
    }
    case 'version':
      checkVersion(must.value, fieldPath(prefix, 'version'), violations);
      return { kind: 'version', version: must.value };
    case 'noneSince': {
      const { eventTypes, version } = must.value;
      const path = fieldPath(prefix, 'none_since');
      checkVersion(version, fieldPath(path, 'version'), violations);
      const field = `${path}.event_types`;
      const named = acceptTypes(types, eventTypes, aggregateType, field, violations);
      return { kind: 'none_since', eventTypes: named, version };
    }
    case undefined:
      violations.add(prefix, 'must say one of not_exist, exist, version, none_since');
      return undefined;
  }
}

/** Canonical names of event types, each of which must belong to the aggregate type. */
export function acceptTypes(
  types: KnownTypes,
  given: readonly string[],
  aggregateType: string,
  field: string,
  violations: Violations,
): string[] {
  if (given.length === 0 || given.length > MAX_NONE_SINCE_TYPES) {
    violations.add(field, `must name 1 to ${MAX_NONE_SINCE_TYPES} event types`);
    return [];
  }
  const named = given.map((name, index) => {
    const found = resolveType(types, name, `${field}[${index}]`, violations);
    if (found !== undefined && found.eventType.aggregateType !== aggregateType) {
      violations.add(`${field}[${index}]`, `is not a type of aggregate ${quoted(aggregateType)}`);
    }
    return found?.eventType.type;
  });
  return [...new Set(named.filter((type) => type !== undefined))];
}

function checkVersion(version: bigint, field: string, violations: Violations): void {
  if (version < 0n) violations.add(field, 'must not be negative');
}

/** Reads the conditions of a batch, each of which names its aggregate. */
export function acceptConditions(
  types: KnownTypes,
  given: readonly GivenCondition[],
  violations: Violations,
): Condition[] {
  if (given.length > MAX_CONDITIONS) {
    violations.add('conditions', `must be at most ${MAX_CONDITIONS}`);
    return [];
  }
  return given
    .map((condition, index) =>
      acceptCondition(types, condition, `conditions[${index}]`, violations),
    )
    .filter((condition) => condition !== undefined);
}

/** Reads the mode, whose zero value is atomic. */
export function acceptMode(given: PublishMode, violations: Violations): AppendUnit['mode'] {
  switch (given) {
    case PublishMode.UNSPECIFIED:
    case PublishMode.ATOMIC:
      return 'atomic';
    case PublishMode.EACH:
      return 'each';
    default:
      violations.add('mode', 'must be PUBLISH_MODE_ATOMIC or PUBLISH_MODE_EACH');
      return 'atomic';
  }
}
