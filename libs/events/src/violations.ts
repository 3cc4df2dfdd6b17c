import type { Violation } from '@nova/errors';

/** More are not gathered: an answer carries at most 20, and one bad list may hold thousands. */
const MAX_VIOLATIONS = 20;
const MAX_QUOTED_LENGTH = 64;
const IDENTIFIER = /^[A-Za-z_]\w{0,63}$/;

/** Gathers what is wrong with a payload. */
export class Violations {
  readonly #found: Violation[] = [];

  add(field: string, description: string): void {
    if (!this.isFull) this.#found.push({ field, description });
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  get isFull(): boolean {
    return this.#found.length >= MAX_VIOLATIONS;
  }

  all(): Violation[] {
    return [...this.#found];
  }
}

/** Path of a member: `payload.content`, or `payload.data["odd key"]` where the key is no name. */
export function memberPath(parent: string, key: string): string {
  return IDENTIFIER.test(key) ? `${parent}.${key}` : `${parent}[${quoted(key)}]`;
}

/** A text of the caller's as it may stand in a message: escaped and cut. */
export function quoted(text: string): string {
  const isLong = text.length > MAX_QUOTED_LENGTH;
  return JSON.stringify(isLong ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text);
}
