import { sleep } from '@nova/time';
import type { SessionContext } from './context.ts';
import { invalidMarks } from './marks.ts';
import { dropLostDeliveries } from './parking/drop-lost.ts';
import { refold } from './refold.ts';

const IDLE_MS = 60_000;
const AGAIN_MS = 1000;

/**
 * Looks through all marks once the log has other epochs than before, which it has after each restart
 * of its server, a restore of a backup and a failover that lost the last commits. What the log no
 * longer vouches for is folded anew, also where nothing more ever happens to it; whatever was appended
 * meanwhile is part of that fold.
 *
 * The marks are read in turn with the rounds: a round that was judged by the epochs known before is
 * committed by then, and those after it drop what is of a lost epoch (judge-round.ts).
 *
 * @returns the revision of the epochs that the marks were judged by
 */
export async function sweep(context: SessionContext): Promise<number> {
  const { database, epochs, generation, turn, retryWork, logger } = context;
  const { revision } = epochs;
  const known = epochs.all();
  // Nothing is known as long as the log has not answered.
  if (known.length === 0) return revision;
  const lost = await turn.take(() => invalidMarks(database, generation, known));
  if (lost.length > 0) {
    logger.warn({ count: lost.length, epoch: epochs.present() }, 'log has lost what views show');
  }
  if (await dropLostDeliveries(database, generation, known)) retryWork.notify();
  for (const name of lost) await refold(context, name);
  return revision;
}

/** Sweeps whenever the epochs have become others than those of revision `swept`. */
export async function runSweeps(
  context: SessionContext,
  swept: number,
  stop: AbortSignal,
): Promise<void> {
  const { epochs, meters, logger } = context;
  let done = swept;
  while (!stop.aborted) {
    if (epochs.revision === done) {
      await epochs.news.wait(IDLE_MS, stop);
      continue;
    }
    try {
      done = await sweep(context);
      meters.over('sweep');
    } catch (thrown) {
      if (meters.trouble('sweep', thrown)) {
        logger.warn({ err: thrown }, 'marks of a restored log cannot be looked through yet');
      }
      await sleep(AGAIN_MS, stop);
    }
  }
}
