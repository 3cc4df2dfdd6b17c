import type { Violation } from '@nova/errors';

/** As many as an answer may carry (conventions §3); a worse request is not looked at further. */
const MAX_VIOLATIONS = 20;

/** Collects what is wrong with a request, so that the caller hears all of it at once. */
export class Violations {
  readonly #found: Violation[] = [];

  add(field: string, description: string): void {
    if (!this.full) this.#found.push({ field, description });
  }

  addAll(violations: readonly Violation[]): void {
    for (const { field, description } of violations) this.add(field, description);
  }

  get full(): boolean {
    return this.#found.length >= MAX_VIOLATIONS;
  }

  get none(): boolean {
    return this.#found.length === 0;
  }

  get all(): readonly Violation[] {
    return this.#found;
  }
}

/** The path of a field below `prefix`, which is empty for the request itself. */
export function fieldPath(prefix: string, field: string): string {
  return prefix === '' ? field : `${prefix}.${field}`;
}

/** What a caller sent, short enough and safe to be shown back. */
export function quoted(given: string): string {
  const shown = given.length > 100 ? `${given.slice(0, 100)}…` : given;
  return JSON.stringify(shown.toWellFormed());
}
