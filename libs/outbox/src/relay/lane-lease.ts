import { LANES } from '@nova/events';
import { FairShare } from '@nova/lease';
import type { Advance } from './advance.ts';
import type { RelayContext } from './context.ts';
import type { ClaimedLane, Lane } from './lane.ts';

/** Keeps this relay's share of the log's lanes; see `FairShare`. */
export function laneLease(context: RelayContext, advance: Advance): FairShare<Lane, ClaimedLane> {
  const { table, store, clock, settings, logger, meters, frontWork, gapWork } = context;
  return new FairShare({
    store,
    holder: {
      owned: () => table.owned(),
      add(claimed, leaseEndsAtMs) {
        table.add(claimed, leaseEndsAtMs);
        frontWork.notify();
        gapWork.notify();
      },
      drop: (lane) => table.drop(lane),
      flush: () => advance.flush(),
      exclusively: (work) => advance.exclusively(work),
    },
    lanes: LANES,
    leaseMs: settings.leaseMs,
    renewIntervalMs: settings.renewIntervalMs,
    clock,
    logger,
    failed: (thrown) => meters.failed(thrown),
  });
}
