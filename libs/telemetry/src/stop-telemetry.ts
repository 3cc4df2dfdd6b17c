import { withDeadline } from '@nova/time';

const FLUSH_DEADLINE_MS = 2000;

let stop: (() => Promise<void>) | undefined;

/** Remembers how to end what was started. */
export function onStopTelemetry(how: () => Promise<void>): void {
  stop = how;
}

/**
 * Sends what has not been sent yet, at most for 2 s, and stops OpenTelemetry; harmless when it was
 * never started. The last thing that a process does: a collector that is away must not hold it.
 */
export async function stopTelemetry(): Promise<void> {
  const how = stop;
  stop = undefined;
  if (how === undefined) return;
  await withDeadline(how(), FLUSH_DEADLINE_MS, 'flushing telemetry').catch(() => {});
}
