import { type Environment, loadConfig } from '@nova/config';
import { isNovaError } from '@nova/errors';
import { onStopSignal } from '@nova/lifecycle';
import { type Clock, systemClock } from '@nova/time';
import { Command, CommanderError, Option } from 'commander';
import { errors } from './errors.ts';
import { type OptionSpecs, option } from './option.ts';
import { type Format, Output, type Sink } from './output.ts';
import { printError } from './print-error.ts';
import { settings } from './settings.ts';
import { type ExitCode, type Verb, wrongUse } from './verb.ts';

/** What a run of the program works with; specs pass their own. */
export interface Surroundings {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly environment: Environment;
  readonly clock?: Clock;
  readonly version: string;
}

/** Options that every verb has. */
const EVERYWHERE = {
  output: option.choice({
    flags: '-o, --output <format>',
    doc: 'how results are printed',
    choices: ['table', 'json'],
    default: 'table',
  }),
  portOffset: option.integer({
    flags: '--port-offset <N>',
    doc: 'which stack: all its ports are shifted by this multiple of 1000, at most 10000',
    default: 0,
    max: 10000,
    multipleOf: 1000,
  }),
} satisfies OptionSpecs;

/** What a group of verbs is for, where its word does not say it. */
const GROUPS: Readonly<Record<string, string>> = {
  parked: 'what could not be applied, and what to do about it',
  schema: 'event types of your own, and their schemas',
  relay: 'what the relay could not send, and what it is to send again',
  'relay parked': 'what Kafka refuses',
  outbox: "the outbox of a team's own service",
  'outbox parked': 'what nova refuses',
  subscribe: 'subscriptions that the service keeps, and their consumers',
  'subscribe parked': 'what consumers could not deal with',
  replay: "the log once more, to one subscription or into one service's views",
};

/**
 * Runs the verb that `argv` names (without node and script) and returns the exit code: 0 done,
 * 1 failed, 2 wrong use. Never throws; what went wrong is printed as message and hint.
 */
export async function runProgram(
  argv: readonly string[],
  verbs: readonly Verb[],
  surroundings: Surroundings,
): Promise<ExitCode | 2> {
  let exitCode: ExitCode | 2 = 0;
  const out = outputFor(formatIn(argv), surroundings);
  const program = newCommand('nova', surroundings.stdout)
    .description('nova: an event backbone. Real PostgreSQL, real Kafka, one command.')
    .version(surroundings.version, '-V, --version', 'print the version')
    .usage('VERB [options]')
    .addHelpText('after', '\nStart with: ./nova up      More about a verb: ./nova VERB --help');
  for (const verb of verbs) {
    addVerb(program, verb, surroundings, async (args, values) => {
      exitCode = await runVerb(verb, args, values, out, surroundings);
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    return report(thrown, out, surroundings.environment);
  }
}

function addVerb(
  program: Command,
  verb: Verb,
  { stdout }: Surroundings,
  run: (args: readonly string[], values: Record<string, unknown>) => Promise<void>,
): void {
  const words = verb.name.split(' ');
  const last = words.pop() ?? verb.name;
  const parent = words.reduce((at, word) => groupOf(at, word, stdout), program);
  const command = newCommand(last, stdout)
    .summary(verb.summary)
    .description(verb.description === undefined ? `${verb.summary}.` : verb.description)
    .addHelpText('after', examplesOf(verb));
  for (const argument of verb.args ?? []) command.argument(argument.name, argument.doc);
  const specs: OptionSpecs = { ...verb.options, ...EVERYWHERE };
  for (const spec of Object.values(specs)) addOption(command, spec);
  command.action(() => run(command.args, valuesOf(command, specs)));
  parent.addCommand(command);
}

function addOption(command: Command, spec: OptionSpecs[string]): void {
  const written = new Option(spec.flags, spec.doc);
  if (spec.takesValue) {
    if (spec.default !== undefined && spec.repeats !== true) written.default(spec.default);
    written.argParser((text: string, before: unknown) => {
      const parsed = spec.parse(text);
      if ('problem' in parsed) throw wrongUse(`option ${spec.flags} ${parsed.problem}: ${text}`);
      return spec.repeats === true ? joinLists(before, parsed.value) : parsed.value;
    });
  }
  command.addOption(written);
}

function joinLists(before: unknown, added: unknown): readonly unknown[] {
  return [before, added].flatMap((list): readonly unknown[] => (Array.isArray(list) ? list : []));
}

function valuesOf(command: Command, specs: OptionSpecs): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const given: unknown = command.getOptionValue(new Option(spec.flags).attributeName());
      return [name, given ?? spec.default];
    }),
  );
}

function groupOf(parent: Command, word: string, stdout: Sink): Command {
  const existing = parent.commands.find((command) => command.name() === word);
  if (existing !== undefined) return existing;
  const path = parent.parent === null ? word : `${parent.name()} ${word}`;
  const group = newCommand(word, stdout)
    .summary(GROUPS[path] ?? `verbs that ${word}`)
    .usage('VERB [options]');
  parent.addCommand(group);
  return group;
}

function newCommand(name: string, stdout: Sink): Command {
  return new Command(name)
    .exitOverride()
    .helpCommand(false)
    .commandsGroup('Verbs:')
    .helpOption('-h, --help', 'show this help')
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      // Help that is shown because no verb was given; problems are printed by `report`.
      writeErr: (text) => void stdout.write(text),
      outputError: () => {},
    });
}

function examplesOf(verb: Verb): string {
  const lines = verb.examples.flatMap(({ command, meaning }) => [`  # ${meaning}`, `  ${command}`]);
  return ['', 'Examples:', ...lines].join('\n');
}

async function runVerb(
  verb: Verb,
  args: readonly string[],
  values: Record<string, unknown>,
  out: Output,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const controller = new AbortController();
  const forget = verb.stopsItself ? onStopSignal(() => controller.abort()) : () => {};
  try {
    return await verb.run({
      args,
      options: values,
      out,
      // Declared in EVERYWHERE, whose types the erased values no longer carry.
      portOffset: values['portOffset'] as number,
      environment: surroundings.environment,
      signal: controller.signal,
    });
  } finally {
    forget();
    out.progressDone();
  }
}

function report(thrown: unknown, out: Output, environment: Environment): ExitCode | 2 {
  out.progressDone();
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0;
    if (thrown.code === 'commander.help') return 2;
    printError(wrongUse(tidy(thrown.message)), out, false);
    return 2;
  }
  printError(thrown, out, environment[settings.debug.env] !== undefined);
  return isNovaError(thrown, errors.CLI_WRONG_USE) ? 2 : 1;
}

// "error: unknown command 'pu'\n(Did you mean up?)" in one line and in nova's words.
function tidy(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace('unknown command', 'unknown verb')
    .replace(/\n\(Did you mean (.*)\?\)/s, ', did you mean $1?');
}

/** The format asked for, known before parsing so that wrong use is reported in it, too. */
function formatIn(argv: readonly string[]): Format {
  const asked = argv.some((word, index) => {
    const before = argv[index - 1];
    if (before === '-o' || before === '--output') return word === 'json';
    return word === '-ojson' || word === '--output=json';
  });
  return asked ? 'json' : 'table';
}

function outputFor(format: Format, surroundings: Surroundings): Output {
  const { stdout, stderr, environment, clock = systemClock } = surroundings;
  const { noColor } = loadConfig({ noColor: settings.noColor }, [], {
    ...environment,
    // The convention of no-color.org: an empty value counts as not given.
    NO_COLOR: environment[settings.noColor.env] || undefined,
  });
  return new Output({
    format,
    stdout,
    stderr,
    colour: noColor === undefined && stdout.isTTY === true,
    nowMs: () => clock.monotonicMs(),
  });
}
