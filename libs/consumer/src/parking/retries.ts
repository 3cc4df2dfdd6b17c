import { sleep } from '@nova/time';
import { type AggregateName, aggregateKey } from '../aggregate.ts';
import { applyFromLog } from '../apply-from-log.ts';
import type { SessionContext } from '../context.ts';
import { enterGeneration } from '../generation.ts';
import { lockMarks, readMarks } from '../marks.ts';
import { claimDue, release, unclaim, untilDue } from './parked-store.ts';

const LONGEST_WAIT_MS = 1000;
const CLAIMED_AT_ONCE = 50;
const EVERYTHING = 2n ** 63n - 1n;

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
  const { database, generation, meters } = context;
  try {
    const marks = await readMarks(database, generation, due);
    const wanted = due.map(({ aggregateType, aggregateId }) => ({
      aggregateType,
      aggregateId,
      afterVersion: marks.get(aggregateKey({ aggregateType, aggregateId }))?.version ?? 0n,
    }));
    meters.retried(due.length);
    const empty = await applyFromLog(context, wanted, { reason: 'retry', isRetry: true });
    for (const name of empty) await unblock(context, name);
  } catch (thrown) {
    await unclaim(database, generation, due).catch(() => {});
    throw thrown;
  }
}

/** The log has nothing more of the aggregate: what failed is gone or applied. */
async function unblock(
  { turn, database, generation }: SessionContext,
  name: AggregateName,
): Promise<void> {
  await turn.take(() =>
    database.transaction(async (tx) => {
      await enterGeneration(tx, generation);
      await lockMarks(tx, generation, [name]);
      await release(tx, generation, name, EVERYTHING);
    }),
  );
}
