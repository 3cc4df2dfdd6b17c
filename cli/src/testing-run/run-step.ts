import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import { runCommand } from '../run-command.ts';
import type { CheckStep, JestStep, TestStep } from '../test-steps.ts';
import { type Counts, countsOfJest } from './counts.ts';

/** What a step came to; `output` is what a failed check printed (jest prints at once). */
export interface StepEnd {
  readonly counts: Counts;
  readonly output: string;
}

/** Runs one step of `./nova test`. Never rejects. */
export function runStep(
  step: TestStep,
  environment: Readonly<Record<string, string>>,
  pattern: string | undefined,
): Promise<StepEnd> {
  return step.kind === 'check' ? runCheck(step, environment) : runJest(step, environment, pattern);
}

async function runCheck(
  { command, directory }: CheckStep,
  environment: Readonly<Record<string, string>>,
): Promise<StepEnd> {
  const [program, ...args] = command;
  const isScript = /\.(ts|js|mjs)$/.test(program);
  const end = await runCommand({
    program: isScript ? process.execPath : program,
    args: isScript ? [program, ...args] : args,
    directory: join(repositoryRoot, directory ?? ''),
    environment,
    show: 'collect',
  });
  const passed = end.exitCode === 0;
  return {
    counts: { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 },
    output: passed ? '' : end.output,
  };
}

/**
 * A run that hangs on an open handle is a failure, not a wait. It ends nothing else: the longest suite
 * took 7 minutes on two quiet cores, and 15 beside other work (2026-11-23).
 */
const JEST_TIMEOUT_MS = 60 * 60 * 1000;
/** Torture takes as long as it is asked to; its specs have deadlines of their own. */
const TORTURE_TIMEOUT_MS = 24 * 60 * 60 * 1000;

async function runJest(
  step: JestStep,
  environment: Readonly<Record<string, string>>,
  pattern: string | undefined,
): Promise<StepEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-jest-'));
  const reportFile = join(folder, 'report.json');
  try {
    const { exitCode } = await runCommand({
      program: process.execPath,
      args: jestArguments(step, reportFile, pattern),
      directory: repositoryRoot,
      environment,
      show: 'at-once',
      timeoutMs: step.suite === 'torture' ? TORTURE_TIMEOUT_MS : JEST_TIMEOUT_MS,
    });
    return { counts: countsOfJest(readReport(reportFile), exitCode), output: '' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function jestArguments(step: JestStep, reportFile: string, pattern: string | undefined): string[] {
  return [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    step.project,
    '--json',
    `--outputFile=${reportFile}`,
    '--passWithNoTests',
    `--maxWorkers=${step.workers}`,
    ...(pattern === undefined ? [] : [`--testPathPatterns=${pattern}`]),
  ];
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // No report means that jest itself broke; countsOfJest makes a failure of it.
    return undefined;
  }
}
