import { randomBytes } from 'node:crypto';

/** A name that no other spec has: `prefix_` and twelve hex digits; fits databases, topics, groups. */
export function randomName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}
