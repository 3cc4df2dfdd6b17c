import { messageOf, NovaError } from '@nova/errors';
import { sleep, systemClock, withDeadline } from '@nova/time';
import { errors } from './errors.ts';
import type { Guard } from './guard.ts';
import { type LaunchedProcess, launchProcess } from './launch-process.ts';
import { indented, lastLines, sizeOf } from './log-tail.ts';
import { describeEnd, type ProcessEnd, type ServerProcess } from './server-process.ts';

/** How a server is started and watched. */
export interface StartOptions {
  readonly logFile: string;
  /** Time from start to the first proper answer; 60 s by default. */
  readonly readyWithinMs?: number;
  /** What happens when this process dies; by default the stop signal, and after 10 s the end. */
  readonly guard?: Guard;
}

/** A server that answers. */
export interface RunningServer {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when it has ended, for whatever reason; never rejects. */
  readonly exited: Promise<ProcessEnd>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it cleanly, with force after `withinMs` (10 s by default). Harmless twice. */
  stop(withinMs?: number): Promise<ProcessEnd>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<ProcessEnd>;
}

const ASK_EVERY_MS = 50;
const SHOWN_LINES = 15;

/**
 * Prepares and starts a server and resolves when it answers a real request. When it cannot, it is
 * ended and its last log lines are in the error.
 *
 * @throws SERVERS_EXITED, SERVERS_NOT_READY, SERVERS_SPAWN_FAILED, and what `prepare` throws.
 */
export async function startServer(
  server: ServerProcess,
  options: StartOptions,
): Promise<RunningServer> {
  const { logFile, readyWithinMs = 60_000 } = options;
  await server.prepare();
  // The log of earlier starts is no reason for what happens to this one.
  const logFrom = sizeOf(logFile);
  const lines = () => indented(lastLines(logFile, SHOWN_LINES, logFrom));
  const launched = await launchProcess(server.command(), {
    name: server.name,
    logFile,
    guard: options.guard ?? { signal: server.stopSignal, graceSeconds: 10 },
  });
  await untilReady(server, launched, lines, readyWithinMs).catch(async (thrown: unknown) => {
    launched.signal('SIGKILL');
    await launched.exited;
    throw thrown;
  });
  return {
    name: server.name,
    pid: launched.pid,
    logFile,
    exited: launched.exited,
    signal: launched.signal,
    stop: (withinMs = 10_000) => stop(launched, server.stopSignal, withinMs),
    kill() {
      launched.signal('SIGKILL');
      return launched.exited;
    },
  };
}

async function untilReady(
  server: ServerProcess,
  launched: LaunchedProcess,
  lines: () => string,
  withinMs: number,
): Promise<void> {
  const { name } = server;
  const giveUpAt = systemClock.monotonicMs() + withinMs;
  const ended = launched.exited.then((end) => {
    const params = { name, end: describeEnd(end), lines: lines() };
    throw new NovaError(errors.SERVERS_EXITED, params);
  });
  // Nobody waits for it once the server is ready.
  ended.catch(() => {});
  for (;;) {
    const answered = await Promise.race([ended, server.ready().then(() => true, messageOf)]);
    if (answered === true) return;
    if (systemClock.monotonicMs() >= giveUpAt) {
      const params = { name, ms: withinMs, reason: answered, lines: lines() };
      throw new NovaError(errors.SERVERS_NOT_READY, params);
    }
    await Promise.race([ended, sleep(ASK_EVERY_MS)]);
  }
}

async function stop(
  launched: LaunchedProcess,
  signal: NodeJS.Signals,
  withinMs: number,
): Promise<ProcessEnd> {
  launched.signal(signal);
  return withDeadline(launched.exited, withinMs, 'stopping').catch(() => {
    launched.signal('SIGKILL');
    return launched.exited;
  });
}
