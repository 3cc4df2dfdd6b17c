import type { ConsumerContext } from '../context.ts';
import type { EventAppender } from '../effect.ts';
import type { Generation } from '../generation.ts';

export async function drainEffects(
  _context: ConsumerContext,
  _appender: EventAppender | undefined,
  _generation: () => Generation | undefined,
  stop: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve());
  });
}
