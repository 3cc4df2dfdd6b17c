import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorKind, NovaError } from '@nova/errors';
import { childEnvironment } from '../child-environment.ts';
import { errors } from '../errors.ts';
import { lastTellingLines } from '../logs/log-file.ts';
import { repositoryRoot } from '../repository.ts';
import type { Stack } from '../stack.ts';
import type { Failure, SupervisorEvent, Watcher } from './supervisor-event.ts';

const MAIN = fileURLToPath(new URL('../supervisor-main.ts', import.meta.url));

/**
 * Starts a supervisor that outlives this process and resolves when everything answers. When
 * `signal` aborts before, the supervisor is told to stop.
 *
 * @throws the error with which the start failed, or CLI_SUPERVISOR_LOST.
 */
export async function startDetached(
  stack: Stack,
  watch: Watcher,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(stack.logDirectory, { recursive: true });
  const logFile = join(stack.logDirectory, 'supervisor.log');
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [MAIN, '--port-offset', String(stack.portOffset)], {
    cwd: repositoryRoot,
    env: childEnvironment(),
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const leave = () => {
    if (child.connected) child.disconnect();
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      let failure: Failure | undefined;
      child.on('error', reject);
      child.on('message', (message) => {
        // Only supervisor-main writes here, and only such events.
        const event = message as SupervisorEvent;
        watch(event);
        if (event.kind === 'failed') failure = event.failure;
        if (event.kind === 'ready') resolve();
      });
      child.on('exit', () => reject(failure === undefined ? lost(logFile) : rebuilt(failure)));
    });
  } finally {
    signal.removeEventListener('abort', leave);
  }
  child.removeAllListeners();
  leave();
  child.unref();
}

function lost(logFile: string): NovaError {
  const lines = lastTellingLines(logFile, 12);
  const tail = lines.length === 0 ? '' : `; its last log lines:\n  ${lines.join('\n  ')}`;
  return new NovaError(errors.CLI_SUPERVISOR_LOST, { tail });
}

// The table row of the error lives in another process; what is shown of it is enough here.
function rebuilt({ code, message, hint }: Failure): NovaError {
  const kind: ErrorKind = {
    code,
    message: '{message}',
    hint,
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
  };
  return new NovaError(kind, { message });
}
