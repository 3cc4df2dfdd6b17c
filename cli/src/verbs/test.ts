import { option } from '../option.ts';
import { DEFAULT_SUITES, SUITES, type Suite } from '../test-steps.ts';
import type { Selection } from '../testing-run/run-suites.ts';
import { defineVerb, wrongUse } from '../verb.ts';

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
    schedules: option.integer({
      flags: '--schedules <count>',
      doc: 'with torture: only this many schedules of faults on a whole nova, about a minute each',
      default: 0,
      max: 100_000,
    }),
    seed: option.integer({
      flags: '--seed <number>',
      doc: 'with torture: the schedule of this seed, or with --schedules the first of them; from 1',
      default: 0,
    }),
  },
  examples: [
    { command: './nova test', meaning: 'everything that must hold before a change goes in' },
    { command: './nova test unit int', meaning: 'the unit and integration specs only' },
    { command: './nova test int --pattern libs/outbox', meaning: 'the integration specs of a lib' },
    { command: './nova test torture --seed 7', meaning: 'what seed 7 breaks, once more' },
  ],
  async run({ args, options, ...invocation }) {
    const suites = suitesFrom(args, options.pattern);
    const selection = selectionFrom(suites, options);
    const { runSuites } = await import('../testing-run/run-suites.ts');
    return runSuites(suites, selection, invocation);
  },
});

const SCHEDULES = 'deploy/torture/faults/schedules';

function selectionFrom(
  suites: readonly Suite[],
  options: {
    readonly pattern: string | undefined;
    readonly schedules: number;
    readonly seed: number;
  },
): Selection {
  const { pattern, schedules, seed } = options;
  if (schedules === 0 && seed === 0) return { pattern, told: {} };
  if (suites.length !== 1 || suites[0] !== 'torture' || pattern !== undefined) {
    throw wrongUse('--schedules and --seed are for ./nova test torture alone');
  }
  return {
    pattern: SCHEDULES,
    told: {
      NOVA_TORTURE_SCHEDULES: String(Math.max(1, schedules)),
      ...(seed === 0 ? {} : { NOVA_TORTURE_SEED: String(seed) }),
    },
  };
}

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
