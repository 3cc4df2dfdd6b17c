import type { Logger } from '@nova/telemetry';
import type { RoundContext } from './commit-round.ts';
import type { ConsumerContext } from './context.ts';
import { settleWatched } from './parking/watched-round.ts';
import type { Round, RoundResult } from './round.ts';

/** Commits a round in its turn, and tells meters, waiting callers and the log about it. */
export async function applyRound(
  context: ConsumerContext,
  roundContext: RoundContext,
  round: Round,
  { isLive }: { readonly isLive: boolean },
): Promise<RoundResult> {
  const { meters, board, clock, turn, effectBell, retryWork, room } = context;
  const result = await turn.take(async () => {
    const startedAtMs = clock.monotonicMs();
    const settled = await settleWatched(context, roundContext, round);
    meters.committed(settled, startedAtMs, isLive);
    board.applied(settled.applied);
    room.kept(settled.parked.length);
    return settled;
  });
  meters.setAside(round.foreign.length);
  meters.stale(round.stale.length);
  if (result.effects > 0) effectBell.ring();
  if (result.failures.length > 0) {
    board.changed();
    retryWork.notify();
  }
  tellFailures(context.logger, result);
  return result;
}

function tellFailures(logger: Logger, { failures }: RoundResult): void {
  for (const { delivery, thrown, attempts, state } of failures) {
    const { event } = delivery;
    const fields = {
      event_id: event.eventId,
      event_type: event.eventType,
      aggregate_type: event.aggregateType,
      aggregate_id: event.aggregateId,
      aggregate_version: event.aggregateVersion,
      attempt: attempts,
      outcome: state,
      err: thrown,
    };
    if (state === 'parked') logger.error(fields, 'aggregate parked, its events wait in order');
    else logger.warn(fields, 'event not applied, will be tried again');
  }
}
