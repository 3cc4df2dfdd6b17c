/** How many passed, failed and were skipped. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Nothing counted yet. */
export const NO_COUNTS: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The sum of two counts. */
export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** The last line of `./nova test`. */
export function countsLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

/**
 * The counts of a jest run from its `--json` report. A spec file that could not even be loaded
 * counts as one failed; so does a run whose report is unreadable, or that failed without a failed
 * spec (its set-up broke), so that a broken run never looks green.
 */
export function countsOfJest(report: unknown, exitCode: number | null): Counts {
  const counted = readReport(report);
  if (counted === undefined) return { passed: 0, failed: 1, skipped: 0 };
  if (exitCode !== 0 && counted.failed === 0) return { ...counted, failed: 1 };
  return counted;
}

function readReport(report: unknown): Counts | undefined {
  if (typeof report !== 'object' || report === null) return undefined;
  const numberOf = (name: string): number => {
    const value: unknown = Reflect.get(report, name);
    return typeof value === 'number' ? value : Number.NaN;
  };
  const passed = numberOf('numPassedTests');
  const failed = numberOf('numFailedTests') + numberOf('numRuntimeErrorTestSuites');
  const skipped = numberOf('numPendingTests') + numberOf('numTodoTests');
  if ([passed, failed, skipped].some(Number.isNaN)) return undefined;
  return { passed, failed, skipped };
}
