import { join } from 'node:path';
import { messageOf } from '@nova/errors';
import { cacheDirectory } from '@nova/servers';
import { systemClock } from '@nova/time';
import { childEnvironment } from '../child-environment.ts';
import { durationText } from '../duration.ts';
import { option } from '../option.ts';
import type { Output } from '../output.ts';
import { DEFAULT_SUITES, SUITES, type Suite, TEST_STEPS, type TestStep } from '../test-steps.ts';
import { addCounts, type Counts, countsLine, NO_COUNTS } from '../testing-run/counts.ts';
import { runStep, type StepEnd } from '../testing-run/run-step.ts';
import { missingTools, setUpTool } from '../testing-run/test-tools.ts';
import { defineVerb, wrongUse } from '../verb.ts';

interface StepResult {
  readonly name: string;
  readonly suite: Suite;
  readonly ms: number;
  readonly counts: Counts;
}

/** `test`: what CI runs, and a developer before a commit. */
export const test = defineVerb({
  name: 'test',
  summary: 'set up what is missing and run the tests',
  description:
    'Runs checks (generated files, style, types, layers, unused code, protos), unit, int and e2e ' +
    'specs; torture only when named. Exit code 1 when anything failed; the last line counts.',
  args: [{ name: '[suites...]', doc: SUITES.join(', ') }],
  options: {
    pattern: option.text({
      flags: '--pattern <regex>',
      doc: 'only spec files whose path matches; leaves out the checks unless they are named',
    }),
  },
  examples: [
    { command: './nova test', meaning: 'everything that must hold before a change goes in' },
    { command: './nova test unit int', meaning: 'the unit and integration specs only' },
    { command: './nova test int --pattern libs/outbox', meaning: 'the integration specs of a lib' },
  ],
  async run({ args, options, out, environment }) {
    const steps = stepsFor(suitesFrom(args, options.pattern));
    const binDirectory = join(cacheDirectory(environment), 'bin');
    const results: StepResult[] = [];
    for (const step of steps) {
      out.progress(`${step.name} …`);
      const startedMs = systemClock.monotonicMs();
      const end = await runPrepared(step, binDirectory, options.pattern, out);
      const ms = systemClock.monotonicMs() - startedMs;
      results.push({ name: step.name, suite: step.suite, ms, counts: end.counts });
      printStep(step, end, ms, out);
    }
    const total = results.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS);
    if (out.format === 'json') out.json({ steps: results, total });
    else out.line(countsLine(total));
    return total.failed === 0 ? 0 : 1;
  },
});

function suitesFrom(words: readonly string[], pattern: string | undefined): readonly Suite[] {
  // `unit,int` is accepted, too.
  const asked = words.flatMap((word) => word.split(',')).filter((word) => word !== '');
  const unknown = asked.find((word) => !SUITES.some((suite) => suite === word));
  if (unknown !== undefined) {
    throw wrongUse(`unknown suite '${unknown}'; there are ${SUITES.join(', ')}`);
  }
  const named = SUITES.filter((suite) => asked.includes(suite));
  if (named.length > 0) return named;
  return pattern === undefined
    ? DEFAULT_SUITES
    : DEFAULT_SUITES.filter((suite) => suite !== 'checks');
}

function stepsFor(suites: readonly Suite[]): TestStep[] {
  return TEST_STEPS.filter((step) => suites.includes(step.suite));
}

async function runPrepared(
  step: TestStep,
  binDirectory: string,
  pattern: string | undefined,
  out: Output,
): Promise<StepEnd> {
  const environment = childEnvironment({}, [binDirectory]);
  try {
    for (const tool of step.kind === 'jest' ? missingTools(step.tools, environment.PATH) : []) {
      out.progress(`setting up ${tool} …`);
      await setUpTool(tool, binDirectory);
    }
  } catch (thrown) {
    return { counts: { passed: 0, failed: 1, skipped: 0 }, output: messageOf(thrown) };
  }
  if (step.kind === 'jest') out.progressDone();
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
