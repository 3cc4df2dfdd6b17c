import { NovaError } from '@nova/errors';
import { type Clock, sleep } from '@nova/time';
import { errors } from '../errors.ts';
import type { StackFolders } from '../stack.ts';
import { isAlive, type ProcessIdentity, signalProcess } from './process-table.ts';
import {
  forgetRecord,
  livingParts,
  readRecord,
  type SupervisorRecord,
} from './supervisor-state.ts';

/** The supervisor drains for at most 14 s; then everything is killed. */
const DRAIN_MS = 15_000;
/** A killed process is gone at once, unless it hangs in the kernel. */
const KILL_MS = 5_000;

/** What `stopStack` found. */
export type Stopped = 'was_not_running' | 'drained' | 'killed';

/**
 * Stops whatever runs for this state folder: asks the supervisor to drain and waits, at most 15 s,
 * then kills it and every part. Parts whose supervisor is gone are stopped as well.
 *
 * @throws CLI_STOP_TIMEOUT when a process survives SIGKILL.
 */
export async function stopStack(
  stack: StackFolders,
  clock: Clock,
  progress: (text: string) => void,
): Promise<Stopped> {
  const record = readRecord(stack.runDirectory);
  if (record === undefined || living(record).length === 0) {
    forgetRecord(stack.runDirectory);
    return 'was_not_running';
  }
  if (!signalProcess(record.supervisor, 'SIGTERM')) signalParts(record, 'SIGTERM');
  let outcome: Stopped = 'drained';
  if (!(await allGone(stack, record, clock, DRAIN_MS, progress))) {
    outcome = 'killed';
    signalProcess(record.supervisor, 'SIGKILL');
    signalParts(readRecord(stack.runDirectory) ?? record, 'SIGKILL');
    if (!(await allGone(stack, record, clock, KILL_MS, progress))) throw survivor(record);
  }
  forgetRecord(stack.runDirectory);
  return outcome;
}

interface Living {
  readonly name: string;
  readonly process: ProcessIdentity;
}

function living(record: SupervisorRecord): Living[] {
  const parts = livingParts(record).flatMap(({ name, process }) =>
    process === undefined ? [] : [{ name, process }],
  );
  const supervisor = { name: 'supervisor', process: record.supervisor };
  return isAlive(record.supervisor) ? [...parts, supervisor] : parts;
}

function signalParts(record: SupervisorRecord, signal: NodeJS.Signals): void {
  for (const { process } of livingParts(record)) {
    if (process !== undefined) signalProcess(process, signal);
  }
}

async function allGone(
  stack: StackFolders,
  first: SupervisorRecord,
  clock: Clock,
  withinMs: number,
  progress: (text: string) => void,
): Promise<boolean> {
  const deadline = clock.monotonicMs() + withinMs;
  for (;;) {
    // The file tells which parts run now; once it is gone, the first reading is looked at.
    const left = living(readRecord(stack.runDirectory) ?? first);
    if (left.length === 0) return true;
    if (clock.monotonicMs() > deadline) return false;
    progress(`stopping ${left.map(({ name }) => name).join(', ')} …`);
    await sleep(50);
  }
}

function survivor(record: SupervisorRecord): NovaError {
  const [left] = living(record);
  return new NovaError(errors.CLI_STOP_TIMEOUT, {
    pid: left?.process.pid ?? 0,
    part: left?.name ?? 'a part',
  });
}
