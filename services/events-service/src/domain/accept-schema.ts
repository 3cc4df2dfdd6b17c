import { catalogue, isEventTypeName } from '@nova/events';
import { isOwnAggregateType } from './known-types.ts';
import { quoted, type Violations } from './violations.ts';

const AGGREGATE_TYPE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const OWNER = /^[a-z][a-z0-9-]*$/;
const MAX_LENGTH = 100;

/** Who says what of a type, as a request gives it and as it stays. */
export interface TypeHeader {
  readonly eventType: string;
  readonly aggregateType: string;
  readonly owner: string;
}

/** Checks a name under which a type may be registered. */
export function checkNewTypeName(eventType: string, violations: Violations): void {
  if (!isEventTypeName(eventType)) {
    violations.add(
      'event_type',
      `must be two or more words in snake_case, at most ${MAX_LENGTH} characters: ${quoted(eventType)}`,
    );
    return;
  }
  const own = catalogue.resolve(eventType);
  if (!('eventType' in own)) return;
  violations.add(
    'event_type',
    own.alias === undefined
      ? "is a type of nova's own, whose schema is in proto/"
      : `is taken as an alias of ${own.eventType.type}`,
  );
}

/** Checks aggregate type and owner: given the first time, and the same ever after. */
export function acceptHeader(
  given: TypeHeader,
  before: TypeHeader | undefined,
  violations: Violations,
): TypeHeader {
  if (before !== undefined) {
    checkSame('aggregate_type', given.aggregateType, before.aggregateType, violations);
    checkSame('owner', given.owner, before.owner, violations);
    return before;
  }
  const { aggregateType, owner } = given;
  if (aggregateType.length > MAX_LENGTH || !AGGREGATE_TYPE.test(aggregateType)) {
    violations.add('aggregate_type', problemOf(aggregateType, 'words in snake_case'));
  } else if (isOwnAggregateType(aggregateType)) {
    violations.add('aggregate_type', "is one of nova's own: use one of your own");
  }
  if (owner.length > MAX_LENGTH || !OWNER.test(owner)) {
    violations.add('owner', problemOf(owner, 'letters in lower case, digits and "-"'));
  }
  return given;
}

function problemOf(given: string, form: string): string {
  return given === ''
    ? 'is required the first time'
    : `must be ${form}, at most ${MAX_LENGTH} characters: ${quoted(given)}`;
}

function checkSame(field: string, given: string, before: string, violations: Violations): void {
  if (given !== '' && given !== before) violations.add(field, `is ${before}, and stays so`);
}
