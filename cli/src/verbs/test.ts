import { resolve } from 'node:path';
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
    times: option.integer({
      flags: '--times <count>',
      doc: 'with torture and --pattern: this many rounds, seeds or requests, not the whole long form',
      default: 0,
      max: 100_000_000,
    }),
    seed: option.integer({
      flags: '--seed <number>',
      doc: 'with torture: the first seed; without --schedules and --pattern the schedule of this seed',
      default: 0,
    }),
    record: option.text({
      flags: '--record <file>',
      doc: 'with torture: appends what was found, a line of JSON each; parts of a long form add up',
    }),
  },
  examples: [
    { command: './nova test', meaning: 'everything that must hold before a change goes in' },
    { command: './nova test unit int', meaning: 'the unit and integration specs only' },
    { command: './nova test int --pattern libs/outbox', meaning: 'the integration specs of a lib' },
    { command: './nova test torture --seed 7', meaning: 'what seed 7 breaks, once more' },
    {
      command: './nova test torture --pattern outbox/src/relay --times 50 --record torture.jsonl',
      meaning: 'a part of a long form; its findings are added to a file',
    },
  ],
  async run({ args, options, ...invocation }) {
    const suites = suitesFrom(args, options.pattern);
    const selection = selectionFrom(suites, options);
    const { runSuites } = await import('../testing-run/run-suites.ts');
    return runSuites(suites, selection, invocation);
  },
});

/** Not those that once found something, which have seeds of their own. */
const SCHEDULES = 'deploy/torture/faults/schedules.torture';

interface Asked {
  readonly pattern: string | undefined;
  readonly schedules: number;
  readonly times: number;
  readonly seed: number;
  readonly record: string | undefined;
}

function selectionFrom(suites: readonly Suite[], asked: Asked): Selection {
  checkTold(suites, asked);
  const { pattern, schedules, times, seed, record } = asked;
  const isOfSchedules = schedules > 0 || (seed > 0 && pattern === undefined);
  const count = isOfSchedules ? Math.max(1, schedules) : times;
  return {
    pattern: isOfSchedules ? SCHEDULES : pattern,
    told: {
      ...(count === 0 ? {} : { NOVA_TORTURE_TIMES: String(count) }),
      ...(seed === 0 ? {} : { NOVA_TORTURE_SEED: String(seed) }),
      ...(record === undefined ? {} : { NOVA_TORTURE_RECORD: resolve(record) }),
    },
  };
}

function checkTold(suites: readonly Suite[], asked: Asked): void {
  const { pattern, schedules, times, seed, record } = asked;
  const isTold = schedules + times + seed > 0 || record !== undefined;
  if (isTold && suites.join() !== 'torture') {
    throw wrongUse('--schedules, --times, --seed and --record are for ./nova test torture alone');
  }
  if (schedules > 0 && (pattern !== undefined || times > 0)) {
    throw wrongUse('--schedules says what is run; --pattern and --times do not go with it');
  }
  if (times > 0 && pattern === undefined) throw wrongUse('--times needs --pattern: times of what');
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
