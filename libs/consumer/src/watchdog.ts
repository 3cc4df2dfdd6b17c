import { sleep, withDeadline } from '@nova/time';
import type { SessionContext } from './context.ts';
import { type OpenSource, partitionKey } from './delivery-source.ts';

const EVERY_MS = 10_000;
const ANSWER_WITHIN_MS = 3000;

/**
 * Keeps the ends of the partitions fresh, for the lag, and makes the membership anew when there is
 * lag and nothing has moved for a minute: clients stop silently now and then. Waiting for a
 * dependency is no reason.
 */
export async function watch(context: SessionContext, stop: AbortSignal): Promise<void> {
  const { meters, clock, settings, source, restart } = context;
  meters.progressed();
  while (!stop.aborted) {
    await sleep(Math.min(EVERY_MS, settings.stallMs / 4), stop);
    const open = source();
    if (stop.aborted || open === undefined) continue;
    try {
      await refreshEnds(context, open);
      meters.over('kafka');
    } catch (thrown) {
      meters.trouble('kafka', thrown);
      continue;
    }
    if (isExcused(context)) meters.progressed();
    if (clock.monotonicMs() - meters.lastProgressMs >= settings.stallMs) {
      restart('there is lag and nothing has moved');
      return;
    }
  }
}

async function refreshEnds({ intake }: SessionContext, open: OpenSource): Promise<void> {
  intake.deliveredTo(open.delivered());
  const ends = await withDeadline(open.endOffsets(), ANSWER_WITHIN_MS, 'asking for offsets');
  for (const partition of intake.partitions()) {
    partition.endsAt(ends.get(partitionKey(partition)) ?? 0n);
  }
}

/** Nothing to do, or something else to wait for. */
function isExcused({ intake, isStarting, meters }: SessionContext): boolean {
  const hasLag = intake
    .partitions()
    .some((partition) => partition.lag() > 0n && partition.standsFor.size === 0);
  return !hasLag || isStarting() || meters.stands() !== undefined;
}
