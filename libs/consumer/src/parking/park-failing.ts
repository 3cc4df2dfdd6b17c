import type { Queryable } from '@nova/postgres';
import type { Delivery } from '../delivery.ts';
import { failureOf } from '../failure.ts';
import type { Judged, Share } from '../judge-round.ts';
import type { GenerationName } from '../marks.ts';
import type { Round, RoundResult } from '../round.ts';
import { keepDeliveries, release, writeFailure } from './parked-store.ts';
import type { ParkingRoom } from './parking-room.ts';

/** The failing event of a share and what follows it. */
export function unapplied({ toApply, applied, failed }: Share): readonly Delivery[] {
  return failed === undefined ? [] : toApply.slice(applied.length);
}

/**
 * Takes back what fails and did not before, where nothing more may be parked: neither applied nor
 * parked, it comes again.
 */
export function withoutRoom(
  { room }: { readonly room: ParkingRoom },
  { refolded }: Round,
  { shares }: Judged,
): Delivery[] {
  if (!room.isFull()) return [];
  return shares.flatMap((share) => {
    const isNew = share.blocked === undefined && !refolded.has(share.aggregate);
    const refused = isNew ? unapplied(share) : [];
    if (refused.length > 0) share.failed = undefined;
    return refused;
  });
}

/** Keeps what was not applied, and writes down why; frees what does not fail any more. */
export async function park(
  {
    generation,
    consumerVersion,
  }: { readonly generation: GenerationName; readonly consumerVersion: string },
  tx: Queryable,
  round: Round,
  { shares, queued }: Judged,
): Promise<RoundResult['failures']> {
  const failures: RoundResult['failures'][number][] = [];
  await keepDeliveries(tx, generation, [...queued, ...shares.flatMap(unapplied)]);
  for (const { mark, blocked, failed, applied, aggregate, isHeld } of shares) {
    const version = applied.at(-1)?.event.aggregateVersion ?? mark.version;
    if (failed === undefined) {
      const isTried = round.retried.has(aggregate) || round.refolded.has(aggregate);
      if (blocked !== undefined && isTried && !isHeld) await release(tx, generation, mark, version);
      continue;
    }
    const { delivery, thrown } = failed;
    const failedVersion = delivery.event.aggregateVersion;
    const attempts = blocked?.failedVersion === failedVersion ? blocked.attempts + 1 : 1;
    const failure = failureOf(thrown);
    const failing = { ...mark, failedVersion, failure, attempts, consumerVersion };
    const state = await writeFailure(tx, generation, failing);
    failures.push({ delivery, thrown, attempts, state });
  }
  return failures;
}
