import { hash } from 'node:crypto';
import type { JsonValue } from '@nova/proto/runtime';

/** JSON whose maps may be read-only: what canonicalJson accepts. */
export type ReadonlyJson =
  | JsonValue
  | readonly ReadonlyJson[]
  | { readonly [key: string]: ReadonlyJson };

/**
 * One text per JSON value: keys sorted by UTF-16 code units, no spaces, numbers as ECMAScript
 * writes them (RFC 8785).
 *
 * @throws TypeError for NaN, infinities and lone surrogates, which have no JSON form.
 */
export function canonicalJson(value: ReadonlyJson): string {
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${members.map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`${value} has no JSON form`);
  }
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw new TypeError('a lone surrogate has no JSON form');
  }
  return JSON.stringify(value);
}

/** SHA-256 of a request as canonical JSON; take request_id out of it first. */
export function requestHash(request: JsonValue): Uint8Array {
  return hash('sha256', canonicalJson(request), 'buffer');
}

// Array.isArray does not narrow read-only arrays out of a union.
function isList(value: ReadonlyJson): value is readonly ReadonlyJson[] {
  return Array.isArray(value);
}
