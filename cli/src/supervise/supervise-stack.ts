import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isNovaError, messageOf, NovaError } from '@nova/errors';
import { endpointsOf, type PortReservation, writeEndpoints } from '@nova/servers';
import { createLogger } from '@nova/telemetry';
import { type Clock, sleep } from '@nova/time';
import { takePorts } from '../check-ports.ts';
import { errors } from '../errors.ts';
import { fillHint } from '../fill-hint.ts';
import { logFiles } from '../logs/log-file.ts';
import { rotateLog } from '../logs/rotate-log.ts';
import type { Stack } from '../stack.ts';
import { stackPlan } from '../stack-plan.ts';
import { loggingWatcher } from './log-events.ts';
import { signalProcess } from './process-table.ts';
import { RecordKeeper } from './record-keeper.ts';
import { Supervisor } from './supervisor.ts';
import type { Failure, Watcher } from './supervisor-event.ts';
import {
  type Lock,
  livingParts,
  readLiveRecord,
  readRecord,
  takeLock,
} from './supervisor-state.ts';

const LOOK_AFTER_EVERY_MS = 5_000;
const RUNNING = ['events', 'messaging', 'notification', 'search'] as const;
/** How long processes of a supervisor that is gone get to end by themselves. */
const LEFTOVERS_MS = 8_000;

/** A stack that runs. */
export interface SupervisedStack {
  /** Drains and stops; harmless twice. */
  stop(): Promise<void>;
  /** Resolves when it has stopped, also by itself because its state folder was deleted. */
  readonly ended: Promise<void>;
}

/**
 * Starts everything in this process and keeps it running. Rejects when a step fails, then nothing
 * is left running; `signal` stops a start that is under way.
 *
 * @throws CLI_ALREADY_SUPERVISED when another process does this for the same state folder;
 *   SERVERS_PORT_BUSY; CLI_START_FAILED and what the steps of the plan throw.
 */
export async function superviseStack(
  stack: Stack,
  clock: Clock,
  watch: Watcher,
  signal: AbortSignal,
): Promise<SupervisedStack> {
  mkdirSync(stack.logDirectory, { recursive: true });
  writeEndpoints(stack, endpointsOf(stack, RUNNING));
  const lock = takeLock(stack.runDirectory);
  if (lock === undefined) throw alreadySupervised(stack);
  let ports: PortReservation;
  try {
    ports = await clearTheWay(stack, clock, watch);
  } catch (thrown) {
    lock.giveBack();
    throw thrown;
  }
  const keeper = new RecordKeeper(stack.runDirectory, clock);
  const logEvent = loggingWatcher(supervisorLogger(stack));
  const watchAll: Watcher = (event) => {
    // First of all: whoever is told looks at the state file next.
    if (event.kind === 'ready') keeper.enter('running');
    logEvent(event);
    watch(event);
  };
  const plan = stackPlan(stack, { clock, watch: watchAll, changed: () => keeper.write() });
  const supervisor = new Supervisor(plan, clock, watchAll);
  keeper.follow(() => plan.flatMap(({ part }) => (part === undefined ? [] : [part.snapshot()])));
  const end = async () => {
    keeper.enter('stopping');
    await supervisor.stop();
    ports.release();
    keeper.forget();
    lock.giveBack();
  };
  const onAbort = () => void supervisor.stop();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await supervisor.start();
  } catch (thrown) {
    logEvent({ kind: 'failed', failure: failureOf(thrown) });
    await end();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return lookingAfter(stack, lock, end);
}

function lookingAfter(stack: Stack, lock: Lock, end: () => Promise<void>): SupervisedStack {
  const ended = Promise.withResolvers<void>();
  let stopping = false;
  const stop = () => {
    clearInterval(looking);
    if (!stopping) void end().then(ended.resolve, ended.reject);
    stopping = true;
    return ended.promise;
  };
  const looking = setInterval(() => {
    for (const path of logFiles(stack.logDirectory).values()) rotateLog(path);
    // Without its folder nobody could stop it any more.
    if (!lock.isHeld()) void stop();
  }, LOOK_AFTER_EVERY_MS);
  return { stop, ended: ended.promise };
}

/** An error as data. */
export function failureOf(thrown: unknown): Failure {
  return {
    code: isNovaError(thrown) ? thrown.code : 'NOVA_INTERNAL_BUG',
    message: messageOf(thrown),
    hint: isNovaError(thrown) ? fillHint(thrown.kind.hint, thrown.params) : '',
  };
}

function alreadySupervised(stack: Stack): NovaError {
  const pid = readLiveRecord(stack.runDirectory)?.supervisor.pid ?? 0;
  return new NovaError(errors.CLI_ALREADY_SUPERVISED, { pid, state: stack.directory });
}

async function clearTheWay(stack: Stack, clock: Clock, watch: Watcher): Promise<PortReservation> {
  const step = async <T>(name: string, note: string, work: () => Promise<T>): Promise<T> => {
    const startedMs = clock.monotonicMs();
    watch({ kind: 'step_started', step: name });
    const result = await work();
    watch({ kind: 'step_done', step: name, ms: clock.monotonicMs() - startedMs, note });
    return result;
  };
  if (livingParts(readRecord(stack.runDirectory)).length > 0) {
    await step('leftovers', 'of a supervisor that is gone', () => endLeftovers(stack, clock));
  }
  return step('ports', 'free', () => takePorts(stack));
}

// After a kill -9 of the supervisor its children notice that their input ended and drain. They
// must be gone before their ports and folders are used again.
async function endLeftovers(stack: Stack, clock: Clock): Promise<void> {
  const record = readRecord(stack.runDirectory);
  const deadline = clock.monotonicMs() + LEFTOVERS_MS;
  while (livingParts(record).length > 0) {
    const late = clock.monotonicMs() > deadline;
    for (const { process } of livingParts(record)) {
      if (process !== undefined) signalProcess(process, late ? 'SIGKILL' : 'SIGTERM');
    }
    await sleep(100);
  }
}

function supervisorLogger(stack: Stack) {
  const path = join(stack.logDirectory, 'supervisor.log');
  return createLogger({
    service: 'supervisor',
    destination: { write: (line) => appendIfPossible(path, line) },
  });
}

// A full disk must not end the supervisor, and with it everything it keeps running.
function appendIfPossible(path: string, line: string): void {
  try {
    appendFileSync(path, line);
  } catch {
    // What was told on the terminal remains.
  }
}
