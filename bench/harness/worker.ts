import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processEnvironment } from '@nova/config';
import { messageOf } from '@nova/errors';
import { HEAP_FLAGS } from '@nova/lifecycle';
import type { RoleName, RoleOptions } from '../roles/roles.ts';
import { keepUntilEnd } from './children.ts';
import type { FromWorker, WorkEnd } from './worker-messages.ts';

const MAIN = join(import.meta.dirname, '..', 'worker-main.ts');

/** Roles that are nova itself: they run as `nova up` runs them. */
const OURS: ReadonlySet<RoleName> = new Set(['relay', 'consumer']);

/** A process that plays one role in a turn: a relay, a peer, a consumer, a load. */
export interface Worker {
  readonly pid: number;
  /** Begins the work that was prepared; resolves with what it came to. */
  go(): Promise<WorkEnd>;
  /** Ends it in good order, at the latest after 15 s. Harmless twice. */
  stop(): Promise<void>;
  /** As kill -9. */
  kill(): Promise<void>;
}

const STOP_WITHIN_MS = 15_000;

/** Starts a process for a role; resolves when it is ready to go. */
export async function startWorker<R extends RoleName>(
  role: R,
  options: RoleOptions[R],
): Promise<Worker> {
  const child = fork(MAIN, [role, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...(OURS.has(role) ? HEAP_FLAGS : []), '--disable-warning=ExperimentalWarning'],
    env: { ...processEnvironment },
    // Ctrl-C reaches the one who started it, who stops it.
    detached: true,
  });
  keepUntilEnd(child);
  const next = () => message(child, role);
  await next();
  return {
    pid: child.pid ?? 0,
    async go() {
      const answered = next();
      child.send('go');
      const told = await answered;
      if (!('end' in told)) throw new TypeError(`${role} told nothing of its work`);
      return told.end;
    },
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  };
}

function message(child: ChildProcess, role: string): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', told);
      child.off('exit', gone);
      act();
    };
    const told = (given: FromWorker) =>
      settle(() => {
        if ('failed' in given) reject(new Error(`${role}: ${given.failed}`));
        else resolve(given);
      });
    const gone = (code: number | null, signal: string | null) =>
      settle(() => reject(new Error(`${role} ended by itself: ${messageOf(code ?? signal)}`)));
    child.on('message', told);
    child.on('exit', gone);
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await gone;
  clearTimeout(force);
}
