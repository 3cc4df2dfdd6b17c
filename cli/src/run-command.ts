import { spawn } from 'node:child_process';
import { messageOf } from '@nova/errors';

/** How a program ended. `exitCode` is null when it was killed or could not be started. */
export interface CommandEnd {
  readonly exitCode: number | null;
  /** What it printed, stdout and stderr as they came; empty when shown at once. */
  readonly output: string;
}

/** What to run, and whether its output is collected or goes straight to our stderr. */
export interface CommandGiven {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly show: 'collect' | 'at-once';
  readonly timeoutMs?: number;
}

/** Runs a program to its end. Never rejects: a program that is missing is an end as well. */
export function runCommand(given: CommandGiven): Promise<CommandEnd> {
  const { program, args, directory, environment, show, timeoutMs } = given;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: directory,
      env: environment,
      stdio: show === 'collect' ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2],
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' as const }),
    });
    const pieces: Buffer[] = [];
    child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr?.on('data', (piece: Buffer) => pieces.push(piece));
    const output = () => Buffer.concat(pieces).toString('utf8');
    child.on('error', (error) => resolve({ exitCode: null, output: messageOf(error) }));
    child.on('close', (exitCode) => resolve({ exitCode, output: output() }));
  });
}
