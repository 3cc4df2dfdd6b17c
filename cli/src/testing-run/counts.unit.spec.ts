import { describe, expect, it } from '@jest/globals';
import { countsLine, countsOfJest } from './counts.ts';

const report = {
  numPassedTests: 5,
  numFailedTests: 1,
  numRuntimeErrorTestSuites: 2,
  numPendingTests: 3,
  numTodoTests: 1,
};

describe('countsOfJest', () => {
  it('adds spec files that could not be loaded to the failed ones', () => {
    expect(countsLine(countsOfJest(report, 1))).toBe('5 passed, 3 failed, 4 skipped');
  });

  it.each([
    ['no report', undefined, 0],
    ['a report of another shape', { numPassedTests: 3 }, 0],
  ])('counts %s as one failed', (_, given, exitCode) => {
    expect(countsOfJest(given, exitCode)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('counts one failed when jest failed although every spec passed', () => {
    const green = { ...report, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
    expect(countsOfJest(green, 1).failed).toBe(1);
    expect(countsOfJest(green, null).failed).toBe(1);
    expect(countsOfJest(green, 0).failed).toBe(0);
  });
});
