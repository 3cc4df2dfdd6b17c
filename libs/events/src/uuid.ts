import { NIL, parse, v5, v7 } from 'uuid';

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NAMESPACE = parse(v5('nova', NIL));
const encoder = new TextEncoder();

/**
 * Whether a text is a UUID in the one form nova accepts: lower case, 8-4-4-4-12, not nil. Two
 * spellings of one id would be two Kafka keys. Version and variant are free, ids come from anywhere.
 */
export function isCanonicalUuid(text: string): boolean {
  return CANONICAL.test(text) && text !== NIL;
}

/** A new event id: UUIDv7, so that ids of one process sort by time. */
export function newEventId(): string {
  return v7();
}

/**
 * The UUIDv5 of a name in nova's namespace, itself the UUIDv5 of "nova" under the nil UUID.
 *
 * @throws TypeError for a name with a lone surrogate, which has no UTF-8 form.
 */
export function derivedId(name: string): string {
  if (!name.isWellFormed()) throw new TypeError('a name with a lone surrogate has no derived id');
  return v5(encoder.encode(name), NAMESPACE);
}
