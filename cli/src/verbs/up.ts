import { systemClock } from '@nova/time';
import { checkPorts } from '../check-ports.ts';
import { importSample } from '../demo.ts';
import { durationText } from '../duration.ts';
import { printFirstSteps } from '../first-steps.ts';
import { option } from '../option.ts';
import type { Output } from '../output.ts';
import { openStack, type Stack, stackAddresses } from '../stack.ts';
import { showingWatcher } from '../supervise/show-events.ts';
import { startDetached } from '../supervise/start-detached.ts';
import { superviseStack } from '../supervise/supervise-stack.ts';
import { wasStopped } from '../supervise/supervisor.ts';
import { waitForOther } from '../supervise/wait-for-other.ts';
import { defineVerb } from '../verb.ts';

/** `up`: starts everything and returns, or stays, when all of it answers. */
export const up = defineVerb({
  name: 'up',
  summary: 'start everything and wait until it answers',
  description:
    'Starts PostgreSQL, Kafka, events-service and its relay, makes databases and topics, and ' +
    'keeps what dies running. In the foreground Ctrl-C drains and stops; with --detach it goes on ' +
    'in the background and exit code 0 means that everything answers.',
  options: {
    detach: option.flag({ flags: '-d, --detach', doc: 'go on in the background' }),
    demo: option.flag({ flags: '--demo', doc: 'then import the sample of chat logs' }),
  },
  examples: [
    { command: './nova up', meaning: 'in this terminal, until Ctrl-C' },
    { command: './nova up --detach', meaning: 'in the background, until ./nova down' },
    { command: './nova up --detach --port-offset 1000', meaning: 'a second one beside the first' },
  ],
  stopsItself: true,
  async run(invocation) {
    const { options, out, signal } = invocation;
    const stack = openStack(invocation);
    const other = await waitForOther(stack, systemClock, signal, (text) => out.progress(text));
    out.progressDone();
    if (other === 'running') {
      print(stack, out, 'already running', 'was_running');
      if (options.demo) await importSample(invocation);
      return 0;
    }
    const startedMs = systemClock.monotonicMs();
    const time = () => durationText(systemClock.monotonicMs() - startedMs);
    try {
      await checkPorts(stack);
      if (options.detach) {
        await startDetached(stack, showingWatcher(out), signal);
        print(stack, out, `everything answers after ${time()}`, 'started');
        if (options.demo) await importSample(invocation);
        return 0;
      }
      const running = await superviseStack(stack, systemClock, showingWatcher(out), signal);
      print(stack, out, `everything answers after ${time()}; Ctrl-C stops it`, 'started');
      if (options.demo) await importSample(invocation);
      await aborted(signal);
      await running.stop();
      return 0;
    } catch (thrown) {
      if (!signal.aborted && !wasStopped(thrown)) throw thrown;
      out.note('stopped before everything answered');
      return 1;
    }
  },
});

function print(stack: Stack, out: Output, sentence: string, outcome: string): void {
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
