import type { Findings } from './harness/report.ts';

/**
 * Why something is slower than hoped, for the report: what was looked into, and what was tried. Only
 * what was measured.
 */
export const findings: Findings = {};
