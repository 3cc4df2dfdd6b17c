import { NovaError } from '@nova/errors';
import { type Clock, sleep } from '@nova/time';
import { errors } from '../errors.ts';
import type { Stack } from '../stack.ts';
import { readLiveRecord } from './supervisor-state.ts';

const WAIT_MS = 150_000;

/**
 * Looks whether another process supervises this state folder. One that is starting or stopping is
 * waited for: `running` means that everything answers already, `none` that the way is free.
 *
 * @throws CLI_ALREADY_SUPERVISED when the other one is not done within 150 s.
 */
export async function waitForOther(
  stack: Stack,
  clock: Clock,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<'running' | 'none'> {
  const deadline = clock.monotonicMs() + WAIT_MS;
  for (;;) {
    const record = readLiveRecord(stack.runDirectory);
    if (record === undefined || signal.aborted) return 'none';
    if (record.phase === 'running') return 'running';
    if (clock.monotonicMs() > deadline) {
      throw new NovaError(errors.CLI_ALREADY_SUPERVISED, {
        pid: record.supervisor.pid,
        state: stack.directory,
      });
    }
    progress(`another ./nova (pid ${record.supervisor.pid}) is ${record.phase} it …`);
    await sleep(100, signal);
  }
}
