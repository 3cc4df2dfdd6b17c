/**
 * The process behind `./nova up --detach`: starts everything, tells its parent how that goes, and
 * supervises until SIGTERM. When the parent goes away before everything answers (Ctrl-C), it
 * stops again.
 */
import { parseArgs } from 'node:util';
import { processEnvironment } from '@nova/config';
import { onStopSignal } from '@nova/lifecycle';
import { systemClock } from '@nova/time';
import { openStack } from './stack.ts';
import { failureOf, superviseStack } from './supervise/supervise-stack.ts';
import { wasStopped } from './supervise/supervisor.ts';
import type { SupervisorEvent } from './supervise/supervisor-event.ts';

const { values } = parseArgs({ options: { 'port-offset': { type: 'string', default: '0' } } });
const stack = openStack({
  portOffset: Number(values['port-offset']),
  environment: processEnvironment,
});

const starting = new AbortController();
process.on('disconnect', () => starting.abort());
const forgetSignal = onStopSignal(() => starting.abort());

try {
  const running = await superviseStack(
    stack,
    systemClock,
    (event) => void tellParent(event),
    starting.signal,
  );
  forgetSignal();
  process.removeAllListeners('disconnect');
  // A signal or a parent that left while the last step finished.
  if (starting.signal.aborted) await stopAndExit(running);
  onStopSignal(() => void stopAndExit(running));
  await running.ended;
  process.exit(0);
} catch (thrown) {
  if (wasStopped(thrown)) process.exit(0);
  await tellParent({ kind: 'failed', failure: failureOf(thrown) });
  process.exit(1);
}

async function stopAndExit(running: { stop(): Promise<void> }): Promise<never> {
  await running.stop();
  process.exit(0);
}

/** Resolves when the parent has it, or is gone. */
function tellParent(event: SupervisorEvent): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(event, undefined, undefined, () => resolve());
  });
}
