import type { SessionContext } from './context.ts';
import type { OpenSource } from './delivery-source.ts';

type Regulated = Pick<SessionContext, 'intake' | 'settings' | 'isStarting'> & {
  readonly source: () => Pick<OpenSource, 'pause' | 'resume'> | undefined;
};

/**
 * Pauses partitions that hold back too much or while too much waits in memory, and lets them go on
 * when half of it is gone. The member stays in its group. A partition of which nothing waits may be
 * the one that the others wait for: it goes on until there is twice too much, and again as soon as
 * there is no longer too much.
 */
export function regulate({ intake, source, settings, isStarting }: Regulated): void {
  const open = source();
  if (open === undefined || isStarting()) return;
  const count = intake.waitingCount();
  const bytes = intake.waitingBytes();
  const fullness = Math.max(count / settings.bufferEvents, bytes / settings.bufferBytes);
  for (const partition of intake.partitions()) {
    const { isPaused, heldCount, waiting } = partition;
    const isFull =
      partition.standsFor.size > 0 ||
      fullness >= (waiting.length > 0 ? 1 : 2) ||
      heldCount >= settings.heldPerPartition;
    const hasRoom =
      partition.standsFor.size === 0 &&
      fullness <= (waiting.length > 0 ? 0.5 : 1) &&
      heldCount <= settings.heldPerPartition / 2;
    if (!isPaused && isFull) {
      partition.isPaused = true;
      open.pause([partition]);
    } else if (isPaused && hasRoom) {
      partition.isPaused = false;
      open.resume([partition]);
    }
  }
}
