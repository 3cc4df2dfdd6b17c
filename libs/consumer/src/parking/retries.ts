import { sleep } from '@nova/time';
import type { AggregateName } from '../aggregate.ts';
import type { SessionContext } from '../context.ts';
import { claimDue, unclaim, untilDue } from './claims.ts';
import { passOver } from './discard.ts';
import { drainBlocked } from './replay.ts';

const LONGEST_WAIT_MS = 1000;
const CLAIMED_AT_ONCE = 50;

/**
 * Tries blocked aggregates again: 100 ms, 1 s and 10 s after a failure, then they are parked. Each
 * is read from the log after its mark, so that what queues behind the failed event follows in order.
 * An attempt that a missing dependency prevents does not count.
 */
export async function runRetries(context: SessionContext, stop: AbortSignal): Promise<void> {
  const { database, generation, retryWork, meters, logger } = context;
  while (!stop.aborted) {
    try {
      const dueMs = await untilDue(database, generation);
      if (dueMs === undefined || dueMs > 0) {
        // What could not be tried is due at once: nothing waits for a dependency any more.
        meters.over('retries');
        await retryWork.wait(Math.min(dueMs ?? LONGEST_WAIT_MS, LONGEST_WAIT_MS), stop);
        continue;
      }
      const due = await claimDue(database, generation, CLAIMED_AT_ONCE);
      if (due.length > 0) await retry(context, due);
      meters.over('retries');
    } catch (thrown) {
      if (meters.trouble('retries', thrown)) {
        logger.warn({ err: thrown }, 'retries wait for a dependency');
      }
      await sleep(LONGEST_WAIT_MS, stop);
    }
  }
}

async function retry(context: SessionContext, due: readonly AggregateName[]): Promise<void> {
  const { database, generation } = context;
  try {
    await passOver(context, due);
    await drainBlocked(context, due);
  } catch (thrown) {
    await unclaim(database, generation, due).catch(() => {});
    throw thrown;
  }
}
