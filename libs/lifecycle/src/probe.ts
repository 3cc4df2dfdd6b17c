import { messageOf } from '@nova/errors';
import { sleep, withDeadline } from '@nova/time';
import { loop } from './loop.ts';
import type { Part } from './part.ts';
import type { Condition, Readiness } from './readiness.ts';

/** A dependency that is asked again and again, each time with a deadline. */
export interface Probe {
  readonly name: string;
  /** Rejects when the dependency does not work. A paused server answers nothing: hence the deadline. */
  check(): Promise<void>;
  /** What its absence means: `down` = not ready, `degraded` = ready with less. */
  readonly whenFailing: Exclude<Condition, 'ready'>;
}

/** Keeps `readiness` true to the probes: a change shows within `everyMs + deadlineMs`. */
export function probing(
  probes: readonly Probe[],
  readiness: Readiness,
  { everyMs = 1000, deadlineMs = 2000 }: { everyMs?: number; deadlineMs?: number } = {},
): Part {
  const ask = async (probe: Probe) => {
    try {
      await withDeadline(probe.check(), deadlineMs, `probe of ${probe.name}`);
      readiness.set(probe.name, 'ready');
    } catch (thrown) {
      readiness.set(probe.name, probe.whenFailing, messageOf(thrown));
    }
  };
  const keepAsking = async (probe: Probe, signal: AbortSignal) => {
    while (!signal.aborted) {
      await sleep(everyMs, signal);
      if (!signal.aborted) await ask(probe);
    }
  };
  const asking = loop(
    'probing',
    // Each at its own pace: one that hangs must not delay what the others have to tell.
    async (signal) => {
      await Promise.all(probes.map((probe) => keepAsking(probe, signal)));
    },
    () => {},
  );
  return {
    ...asking,
    async start() {
      await Promise.all(probes.map(ask));
      await asking.start();
    },
  };
}
