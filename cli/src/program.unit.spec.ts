import { describe, expect, it } from '@jest/globals';
import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import { option } from './option.ts';
import { runProgram } from './program.ts';
import { defineVerb, type ExitCode, type Verb } from './verb.ts';

const greet = defineVerb({
  name: 'greet',
  summary: 'greet somebody',
  args: [{ name: '<names...>', doc: 'who is greeted' }],
  options: {
    loud: option.flag({ flags: '-l, --loud', doc: 'in capitals' }),
    times: option.integer({ flags: '-n, --times <count>', doc: 'how often', default: 1, min: 1 }),
    greetingText: option.text({ flags: '--greeting <text>', doc: 'instead of hello' }),
  },
  examples: [{ command: './nova greet Ada', meaning: 'greets Ada' }],
  run({ args, options, out, portOffset }) {
    out.json({ args, ...options, portOffset });
    return Promise.resolve<ExitCode>(0);
  },
});

function failing(thrown: unknown): Verb {
  return defineVerb({
    name: 'import irc',
    summary: 'fails',
    options: {},
    examples: [],
    run: () => Promise.reject(thrown),
  });
}

async function run(argv: string[], verbs = [greet], environment = {}) {
  let stdout = '';
  let stderr = '';
  const exitCode = await runProgram(argv, verbs, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    environment,
    version: '1.2.3',
  });
  return { exitCode, stdout, stderr };
}

describe('runProgram', () => {
  it('hands a verb its arguments and the values of its options', async () => {
    const { exitCode, stdout } = await run([
      'greet',
      'Ada',
      'Bob',
      '-l',
      '-n',
      '3',
      '--greeting',
      'hey',
      '--port-offset',
      '2000',
    ]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      args: ['Ada', 'Bob'],
      loud: true,
      times: 3,
      greetingText: 'hey',
      output: 'table',
      portOffset: 2000,
    });
  });

  it('uses the defaults of options that are not given', async () => {
    const { stdout } = await run(['greet', 'Ada']);
    expect(JSON.parse(stdout)).toMatchObject({ loud: false, times: 1, portOffset: 0 });
  });

  it.each([
    [['gret', 'Ada'], "unknown verb 'gret', did you mean greet?"],
    [['greet', 'Ada', '--lod'], "unknown option '--lod', did you mean --loud?"],
    [['greet'], "missing required argument 'names'"],
    [['greet', 'Ada', '-n', 'x'], 'must be a whole number from 1: x'],
    [['greet', 'Ada', '--greeting', ''], 'must not be empty'],
    [['greet', 'Ada', '-o', 'xml'], 'must be one of table, json: xml'],
    [['greet', 'Ada', '--port-offset', '1500'], 'must be a multiple of 1000 from 0 to 10000'],
    [['greet', 'Ada', '--port-offset', '11000'], 'must be a multiple of 1000 from 0 to 10000'],
  ])('exits with 2 and says what is wrong with %j', async (argv, message) => {
    const { exitCode, stdout, stderr } = await run(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('--help');
  });

  it('shows the help of a verb with its options and examples', async () => {
    const { exitCode, stdout } = await run(['greet', '--help']);
    expect(exitCode).toBe(0);
    for (const text of [
      '<names...>',
      '--loud',
      '-o, --output',
      '--port-offset',
      './nova greet Ada',
    ])
      expect(stdout).toContain(text);
  });

  it('lists the verbs and exits with 2 when none is given', async () => {
    const { exitCode, stdout } = await run([]);
    expect(exitCode).toBe(2);
    expect(stdout).toContain('greet');
  });

  it('prints message and hint of an error, never its stack, and exits with 1', async () => {
    const error = new NovaError(errors.CLI_NOT_RUNNING, { state: '/x/.nova' });
    const { exitCode, stderr } = await run(['import', 'irc'], [failing(error)]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'error: nothing is running in /x/.nova\n' +
        'hint: Start it with ./nova up, or name the right stack with --port-offset.\n',
    );
  });

  it('prints an error that nobody foresaw without its stack, too', async () => {
    const { exitCode, stderr } = await run(['import', 'irc'], [failing(new RangeError('odd'))]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error: unexpected error: odd');
    expect(stderr).not.toContain('.ts:');
  });

  it('prints the stack and the causes with NOVA_DEBUG', async () => {
    const error = new Error('outer', { cause: new Error('inner') });
    const { stderr } = await run(['import', 'irc'], [failing(error)], { NOVA_DEBUG: '1' });
    expect(stderr).toContain('caused by: Error: inner');
    expect(stderr).toContain('program.unit.spec.ts');
  });

  it('prints an error as JSON where results are JSON', async () => {
    const error = new NovaError(errors.CLI_NOT_RUNNING, { state: '/x' });
    const { stdout, stderr } = await run(['import', 'irc', '-ojson'], [failing(error)]);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'NOVA_CLI_NOT_RUNNING',
        message: 'nothing is running in /x',
        hint: 'Start it with ./nova up, or name the right stack with --port-offset.',
      },
    });
  });

  it('prints the version', async () => {
    expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
  });
});
