import { isNovaError } from '@nova/errors';
import type { AggregateName } from '../aggregate.ts';
import type { SessionContext } from '../context.ts';
import { errors } from '../errors.ts';
import { refold } from '../refold.ts';
import type { PartOutcome } from './act-parts.ts';
import { passOver } from './discard.ts';
import { readBlockedOne } from './parked-store.ts';
import { drainBlocked } from './replay.ts';

/**
 * Folds an aggregate anew because an operator wants it, whether it fails or not. Events that were
 * discarded are passed over if they still fail.
 */
export async function refoldPart(
  context: SessionContext,
  name: AggregateName,
): Promise<PartOutcome> {
  const { database, generation, board } = context;
  try {
    await refold(context, name);
  } catch (thrown) {
    if (!isNovaError(thrown, errors.CONSUMER_AGGREGATE_BUSY)) throw thrown;
    return { outcome: 'failed', detail: thrown.message };
  }
  let blocked = await readBlockedOne(database, generation, name);
  for (let failed: bigint | undefined; blocked !== undefined; ) {
    const { failedVersion, errorCode, reason } = blocked;
    if (failedVersion === failed) {
      board.changed();
      return { outcome: 'failed', detail: `version ${failedVersion}: ${errorCode}: ${reason}` };
    }
    failed = failedVersion;
    if (await passOver(context, [name])) await drainBlocked(context, [name]);
    blocked = await readBlockedOne(database, generation, name);
  }
  return { outcome: 'done', detail: '' };
}
