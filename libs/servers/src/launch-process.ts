import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import { GUARD_FD, type Guard, guarded } from './guard.ts';
import type { ProcessCommand, ProcessEnd } from './server-process.ts';

/** A process that was started and is not outlived by this one. */
export interface LaunchedProcess {
  /** Of the program itself, not of anything around it. */
  readonly pid: number;
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<ProcessEnd>;
  /** Does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** How a process is started. */
export interface LaunchOptions {
  readonly name: string;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  readonly guard: Guard;
  /** `held`: stdin is a pipe that ends with this process, for programs that watch it themselves. */
  readonly stdin?: 'none' | 'held';
}

/**
 * Starts a program in a session of its own (Ctrl-C reaches only the parent, who stops its children
 * in order), guarded so that it ends with this process.
 *
 * @throws SERVERS_SPAWN_FAILED when there is no such program.
 */
export async function launchProcess(
  command: ProcessCommand,
  options: LaunchOptions,
): Promise<LaunchedProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  const { file, args } = guarded(command, options.guard);
  const stdin = options.stdin === 'held' ? 'pipe' : 'ignore';
  const child = spawn(file, args, {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: [stdin, log, log, 'pipe'],
  });
  closeSync(log);
  const guardPipe = child.stdio[GUARD_FD];
  for (const stream of [child.stdin, guardPipe]) stream?.on('error', () => {});
  const exited = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      // The watcher may rest: the pid is free for others from now on.
      if (guardPipe !== undefined && guardPipe !== null && 'end' in guardPipe) {
        guardPipe.end('ended\n');
      }
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (thrown) => {
      const { name } = options;
      reject(
        new NovaError(
          errors.SERVERS_SPAWN_FAILED,
          { name, reason: thrown.message },
          { cause: thrown },
        ),
      );
    });
  });
  if (child.pid === undefined) {
    throw new NovaError(errors.SERVERS_SPAWN_FAILED, { name: options.name, reason: 'no pid' });
  }
  return { pid: child.pid, exited, signal: (signal) => void child.kill(signal) };
}
