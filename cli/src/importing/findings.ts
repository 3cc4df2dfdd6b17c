import type { Finding, FindingReason } from '../irc/finding.ts';

/** Findings beyond this many are only counted: a report of that length helps nobody. */
const MAX_KEPT = 200_000;

/** All findings of an import: counted, and kept for the report. */
export class Findings {
  #kept: Finding[] = [];
  #total = 0;
  readonly #counts = new Map<string, Map<FindingReason, number>>();

  add(finding: Finding): void {
    this.#total += 1;
    const { severity, reason } = finding;
    const reasons = this.#counts.get(severity) ?? new Map<FindingReason, number>();
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    this.#counts.set(severity, reasons);
    if (this.#kept.length < MAX_KEPT) this.#kept.push(finding);
  }

  /** How many of a severity, by reason, most frequent first. */
  counts(severity: Finding['severity']): readonly (readonly [FindingReason, number])[] {
    return [...(this.#counts.get(severity) ?? [])].sort((a, b) => b[1] - a[1]);
  }

  count(severity: Finding['severity']): number {
    return this.counts(severity).reduce((sum, [, count]) => sum + count, 0);
  }

  /** Findings that were counted but not kept. */
  get leftOut(): number {
    return this.#total - this.#kept.length;
  }

  /** By file and line. */
  list(): readonly Finding[] {
    this.#kept.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
    return this.#kept;
  }
}
