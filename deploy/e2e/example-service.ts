import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { processEnvironment } from '@nova/config';
import { root, type Stack } from './stack.ts';
import { psql } from './witness.ts';

/** Sources of the service of another team, `examples/activity-counter`. */
export const EXAMPLE: string = join(root, 'examples/activity-counter/src');

const PASSWORD = 'counting';

/** A program of another team beside a stack. Nobody starts it again but its spec. */
export interface ExampleProcess {
  /** What its processes have printed. */
  log(): string;
  start(): Promise<void>;
  /** Starts it with a shell command that ends in its process; PATH has only what every system has. */
  startBy(command: string): void;
  /** Ends the process that was started last; answers with exit code and signal. */
  end(signal: NodeJS.Signals): Promise<unknown[]>;
  /** Ends every process that is left. */
  remove(): void;
}

/** The example beside a stack, with a database of its own. */
export interface ExampleService extends ExampleProcess {
  readonly databaseUrl: string;
  readonly opsPort: number;
  readonly grpcPort: number;
  /** Makes its database, as docs/write-a-service.md does. */
  makeDatabase(): Promise<void>;
}

/** A file of the stack's state folder. */
function stateFile(stack: Stack, name: string): string {
  const state = stack.environment['NOVA_STATE_DIR'] ?? '';
  return join(state, globSync(`**/${name}`, { cwd: state })[0] ?? name);
}

/** The variables of the file that `up` leaves for shells. */
async function stackVariables(stack: Stack): Promise<Record<string, string>> {
  const command = ['-i', 'sh', '-c', `. "$0"; env`, stateFile(stack, 'env')];
  const { stdout } = await promisify(execFile)('env', command);
  return Object.fromEntries(
    stdout.split('\n').flatMap((line) => {
      const [, name, value] = /^(NOVA_\w+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Makes the database of the example, as docs/write-a-service.md does. */
async function makeDatabase(stack: Stack): Promise<void> {
  // The shape that libs/servers writes: password by role.
  const passwords = JSON.parse(readFileSync(stateFile(stack, 'credentials.json'), 'utf8')) as {
    postgres: string;
  };
  const admin = `postgres://postgres:${passwords.postgres}@localhost:${stack.port(54320)}/postgres`;
  await psql(admin, `CREATE ROLE nova_activity LOGIN PASSWORD '${PASSWORD}'`);
  await psql(admin, 'CREATE DATABASE nova_activity OWNER nova_activity');
}

/**
 * A program beside a stack.
 *
 * @param environment of its processes; started by `start`, also what `up` leaves for shells
 */
export function exampleProcess(
  stack: Stack,
  main: string,
  environment: Readonly<Record<string, string>>,
  ofStart: Readonly<Record<string, string>>,
): ExampleProcess {
  const children: ChildProcess[] = [];
  let log = '';

  function run(file: string, args: readonly string[], more: Readonly<Record<string, string>>) {
    const child = spawn(file, [...args], {
      cwd: root,
      env: { PATH: processEnvironment['PATH'], ...more, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        log += text.toString();
      });
    }
  }

  return {
    log: () => log,
    async start() {
      const variables = await stackVariables(stack);
      run(process.execPath, [main], { ...variables, NOVA_MODE: 'development', ...ofStart });
    },
    startBy(command) {
      // The process that is signalled must be the example itself. A reader's own Node may be too old:
      // with this PATH it is found only if `.nova/env` tells where nova's is.
      run('bash', ['-ec', command.replace(/^node /m, 'exec node ')], { PATH: '/usr/bin:/bin' });
    },
    async end(signal) {
      const child = children.at(-1);
      if (child === undefined) throw new TypeError('the example was not started');
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`the example had ended by itself:\n${log.slice(-2000)}`);
      }
      const exited = once(child, 'exit');
      child.kill(signal);
      return exited;
    },
    remove() {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

/** The example with its ports shifted like those of the stack. */
export function exampleBeside(stack: Stack): ExampleService {
  // Its own ports lie among those that the system gives to outgoing connections, where it might find
  // one taken; nova keeps such ports for its parts, but this is nobody's part.
  const opsPort = stack.port(10_170);
  const grpcPort = stack.port(10_070);
  const databaseUrl = `postgres://nova_activity:${PASSWORD}@localhost:${stack.port(54320)}/nova_activity`;
  const ports = { NOVA_OPS_PORT: String(opsPort), NOVA_GRPC_PORT: String(grpcPort) };
  return {
    ...exampleProcess(stack, join(EXAMPLE, 'main.ts'), ports, {
      NOVA_ACTIVITY_DATABASE_URL: databaseUrl,
    }),
    databaseUrl,
    opsPort,
    grpcPort,
    makeDatabase: () => makeDatabase(stack),
  };
}
