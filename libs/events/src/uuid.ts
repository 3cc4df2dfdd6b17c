import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { NIL, parse, v5, v7 } from 'uuid';

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NAMESPACE = parse(v5('nova', NIL));
const VARIANT = ['8', '9', 'a', 'b'] as const;

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
 * The UUIDv5 of a name in nova's namespace, itself the UUIDv5 of "nova" under the nil UUID. Made
 * with the one-shot hash of Node: 1.3 µs against 10 µs with `uuid`, and an import makes a million.
 *
 * @throws TypeError for a name with a lone surrogate, which has no UTF-8 form.
 */
export function derivedId(name: string): string {
  if (!name.isWellFormed()) throw new TypeError('a name with a lone surrogate has no derived id');
  const hex = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]), 'hex');
  // Version 5 and the variant of RFC 9562 take the place of six bits.
  const variant = VARIANT[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
