import { type AggregateName, aggregateKey } from '../aggregate.ts';
import { applyFromLog } from '../apply-from-log.ts';
import type { SessionContext } from '../context.ts';
import { enterGeneration } from '../generation.ts';
import { lockMarks, readMarks } from '../marks.ts';
import type { PartOutcome } from './act-parts.ts';
import { takeForReplay } from './claims.ts';
import { dropKept, endBlock, readBlockedOne, retryAtOnce } from './parked-store.ts';

const EVERYTHING = 2n ** 63n - 1n;

/**
 * Applies what blocked aggregates wait for, in order: from the log, after their marks. The log has
 * the bytes as they were stored, and decodes them anew: so a mended schema or handler helps, a record
 * that was damaged on its way is whole again, and a follower that Kafka has lost is not left out.
 */
export async function drainBlocked(
  context: SessionContext,
  names: readonly AggregateName[],
): Promise<void> {
  const { database, generation, meters } = context;
  meters.retried(names.length);
  let open = names;
  while (open.length > 0) {
    const marks = await readMarks(database, generation, open);
    const wanted = open.map(({ aggregateType, aggregateId }) => ({
      aggregateType,
      aggregateId,
      afterVersion: marks.get(aggregateKey({ aggregateType, aggregateId }))?.version ?? 0n,
    }));
    const empty = await applyFromLog(context, wanted, { reason: 'retry', isRetry: true });
    const again: AggregateName[] = [];
    for (const name of empty) {
      if (!(await unblock(context, name))) again.push(name);
    }
    open = again;
  }
}

/**
 * The log had nothing more of the aggregate: what failed is gone or applied. What is kept may have
 * come since the log was read, so its block ends only when nothing is.
 *
 * @returns false when the log is to be read again
 */
async function unblock(
  { turn, database, generation }: SessionContext,
  name: AggregateName,
): Promise<boolean> {
  return turn.take(() =>
    database.transaction(async (tx) => {
      await enterGeneration(tx, generation);
      await lockMarks(tx, generation, [name]);
      const hasDropped = await dropKept(tx, generation, name, EVERYTHING);
      // Should this process die before it reads again, the retries do.
      await (hasDropped ? retryAtOnce(tx, generation, name) : endBlock(tx, generation, name));
      return !hasDropped;
    }),
  );
}

/**
 * Tries a parked aggregate once more. If this process dies on the way, what it has committed is
 * applied, and the rest is tried by the retries of any member.
 */
export async function replayAggregate(
  context: SessionContext,
  name: AggregateName,
  selected: { readonly failedVersion: bigint; readonly isTakenAgain: boolean },
): Promise<PartOutcome> {
  const { database, generation, board, journal, settings } = context;
  const before = await readBlockedOne(database, generation, name);
  if (before === undefined) {
    // The member that had taken it has died behind its work.
    if (selected.isTakenAgain) return { outcome: 'done', detail: '' };
    return { outcome: 'gone', detail: 'it does not fail any more' };
  }
  if (before.failedVersion !== selected.failedVersion && !selected.isTakenAgain) {
    return { outcome: 'gone', detail: `version ${before.failedVersion} fails now` };
  }
  await journal.pardon(name, settings.deaths);
  await takeForReplay(database, generation, name);
  await drainBlocked(context, [name]);
  board.changed();
  const after = await readBlockedOne(database, generation, name);
  if (after === undefined) return { outcome: 'done', detail: '' };
  const { failedVersion, errorCode, reason } = after;
  return { outcome: 'failed', detail: `version ${failedVersion}: ${errorCode}: ${reason}` };
}
