import { isNovaError } from '@nova/errors';
import { sleep, systemClock } from '@nova/time';
import { importSample } from './demo.ts';
import { durationText } from './duration.ts';
import { errors } from './errors.ts';
import { printFirstSteps } from './first-steps.ts';
import { openStack, type Stack, stackAddresses } from './stack.ts';
import { showingWatcher } from './supervise/show-events.ts';
import { startDetached } from './supervise/start-detached.ts';
import { superviseStack } from './supervise/supervise-stack.ts';
import { wasStopped } from './supervise/supervisor.ts';
import { waitForOther } from './supervise/wait-for-other.ts';
import type { ExitCode, Invocation } from './verb.ts';

/** How `up` was asked for. */
export interface UpOptions {
  readonly detach: boolean;
  readonly demo: boolean;
}

/** How often and how soon `up` looks again when another one was first in the same moment. */
const ATTEMPTS = 40;
const LOOK_AGAIN_MS = 250;

/** Runs `up`: 0 when everything answers (detached), or after Ctrl-C (foreground). */
export async function runUp(invocation: Invocation, options: UpOptions): Promise<ExitCode> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryUp(invocation, options);
    } catch (thrown) {
      // The other one holds the lock already and is about to write its state file.
      const another = isNovaError(thrown, errors.CLI_ALREADY_SUPERVISED);
      if (!another || attempt === ATTEMPTS) throw thrown;
      await sleep(LOOK_AGAIN_MS, invocation.signal);
    }
  }
}

async function tryUp(invocation: Invocation, options: UpOptions): Promise<ExitCode> {
  const { out, signal } = invocation;
  const stack = openStack(invocation);
  const other = await waitForOther(stack, systemClock, signal, (text) => out.progress(text));
  out.progressDone();
  if (other === 'running') {
    print(stack, invocation, 'already running', 'was_running');
    return options.demo ? importSample(invocation) : 0;
  }
  try {
    return options.detach
      ? await inBackground(stack, invocation, options)
      : await inForeground(stack, invocation, options);
  } catch (thrown) {
    if (!signal.aborted && !wasStopped(thrown)) throw thrown;
    out.note('stopped before everything answered');
    return 1;
  }
}

async function inBackground(
  stack: Stack,
  invocation: Invocation,
  { demo }: UpOptions,
): Promise<ExitCode> {
  const startedMs = systemClock.monotonicMs();
  await startDetached(stack, showingWatcher(invocation.out), invocation.signal);
  const time = durationText(systemClock.monotonicMs() - startedMs);
  print(stack, invocation, `everything answers after ${time}`, 'started');
  return demo ? importSample(invocation) : 0;
}

async function inForeground(
  stack: Stack,
  invocation: Invocation,
  { demo }: UpOptions,
): Promise<ExitCode> {
  const { out, signal } = invocation;
  const startedMs = systemClock.monotonicMs();
  const running = await superviseStack(stack, systemClock, showingWatcher(out), signal);
  try {
    const time = durationText(systemClock.monotonicMs() - startedMs);
    print(stack, invocation, `everything answers after ${time}; Ctrl-C stops it`, 'started');
    if (demo) await importSample(invocation);
    await Promise.race([aborted(signal), running.ended]);
  } finally {
    await running.stop();
  }
  return 0;
}

function print(stack: Stack, { out }: Invocation, sentence: string, outcome: string): void {
  const addresses = stackAddresses(stack);
  if (out.format === 'json') {
    out.json({ outcome, ...addresses });
    return;
  }
  out.line(out.style.strong(`nova is up: ${sentence}`));
  printFirstSteps(addresses, out);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
