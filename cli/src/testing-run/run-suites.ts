import { join } from 'node:path';
import { messageOf } from '@nova/errors';
import { cacheDirectory } from '@nova/servers';
import { systemClock } from '@nova/time';
import { childEnvironment } from '../child-environment.ts';
import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import { type Suite, TEST_STEPS, type TestStep } from '../test-steps.ts';
import type { ExitCode, Invocation } from '../verb.ts';
import { addCounts, type Counts, countsLine, NO_COUNTS } from './counts.ts';
import { runStep, type StepEnd } from './run-step.ts';
import { fetchServers, missingTools, setUpTool } from './test-tools.ts';

/** Checks that run at the same time; jest takes all cores by itself. */
const CHECKS_AT_ONCE = 2;

interface StepResult {
  readonly name: string;
  readonly suite: Suite;
  readonly ms: number;
  readonly counts: Counts;
}

/** Which specs are run, and what they are told. */
export interface Selection {
  /** Of the paths of spec files. */
  readonly pattern: string | undefined;
  /** Variables for specs that take some. */
  readonly told: Readonly<Record<string, string>>;
}

interface Run extends Selection {
  readonly out: Output;
  readonly binDirectory: string;
  readonly results: StepResult[];
}

/** Runs the steps of these suites and prints each with its time, then the sum of all counts. */
export async function runSuites(
  suites: readonly Suite[],
  selection: Selection,
  { out, environment }: Pick<Invocation, 'out' | 'environment'>,
): Promise<ExitCode> {
  const steps = TEST_STEPS.filter((step) => suites.includes(step.suite));
  const binDirectory = join(cacheDirectory(environment), 'bin');
  const run: Run = { ...selection, out, binDirectory, results: [] };
  const checks = steps.filter(({ kind }) => kind === 'check');
  await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, () => runEach(checks, run)));
  await runEach(
    steps.filter(({ kind }) => kind === 'jest'),
    run,
  );
  const total = run.results.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS);
  if (out.format === 'json') out.json({ steps: run.results, total });
  else printTotal(run.results, total, out);
  return total.failed === 0 ? 0 : 1;
}

/** Takes steps from the front of the list until it is empty. */
async function runEach(steps: TestStep[], run: Run): Promise<void> {
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    run.out.progress(`${step.name} …`);
    const startedMs = systemClock.monotonicMs();
    const end = await runPrepared(step, run);
    const ms = Math.round(systemClock.monotonicMs() - startedMs);
    run.results.push({ name: step.name, suite: step.suite, ms, counts: end.counts });
    printStep(step, end, ms, run.out);
  }
}

async function runPrepared(step: TestStep, run: Run): Promise<StepEnd> {
  const { out, binDirectory, pattern, told } = run;
  const environment = childEnvironment(told, [binDirectory]);
  if (step.kind === 'check') return runStep(step, environment, pattern);
  try {
    for (const tool of missingTools(step.tools, environment.PATH)) {
      out.progress(`setting up ${tool} …`);
      await setUpTool(tool, binDirectory);
    }
    if (step.servers) {
      out.progress('looking for Kafka and Redis …');
      await fetchServers();
    }
  } catch (thrown) {
    return { counts: { passed: 0, failed: 1, skipped: 0 }, output: messageOf(thrown) };
  }
  out.progressDone();
  return runStep(step, environment, pattern);
}

function printStep(step: TestStep, { counts, output }: StepEnd, ms: number, out: Output): void {
  if (output !== '') out.note(output.trimEnd());
  const mark = counts.failed === 0 ? out.style.good('ok    ') : out.style.bad('FAILED');
  const numbers = step.kind === 'jest' ? `: ${countsLine(counts)}` : '';
  const line = `${mark} ${step.name}${numbers} ${out.style.faint(`(${durationText(ms)})`)}`;
  if (out.format === 'json') out.note(line);
  else out.line(line);
}

function printTotal(results: readonly StepResult[], total: Counts, out: Output): void {
  const failed = results.filter(({ counts }) => counts.failed > 0).map(({ name }) => name);
  if (failed.length > 0) out.line(`${out.style.bad('failed:')} ${failed.join(', ')}`);
  out.line(countsLine(total));
}
