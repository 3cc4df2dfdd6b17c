import { backoffMs } from '@nova/time';
import type { SendContext } from './context.ts';
import type { LaneEvent } from './lane.ts';
import { parkedFor } from './parked.ts';
import type { RefusedRecord } from './publisher.ts';

/** Beyond so many of one lane something else is wrong: the lane stops, and nothing more is parked. */
const MOST_PER_LANE = 1000;
/** Longest pause before an event is tried again, in first pauses. */
const LONGEST_PAUSES = 30;

/** Milliseconds until an event that was refused so often is tried again. */
export function retryInMs({ settings }: Pick<SendContext, 'settings'>, attempts: number): number {
  const initialMs = settings.parkedRetryMs;
  return backoffMs(
    { initialMs, factor: 2, maxMs: initialMs * LONGEST_PAUSES, jitter: 0.2 },
    attempts,
  );
}

/**
 * Parks the aggregate of an event that Kafka does not take, before the lane goes past it. False when
 * it is not parked: too much is, or the lane is no longer held. The lane then stays where it is, as
 * it does when this rejects.
 */
export async function parkRefused(
  context: SendContext,
  { lane, event }: LaneEvent,
  refused: RefusedRecord,
): Promise<boolean> {
  if (lane.parked.size >= MOST_PER_LANE) return false;
  const parked = parkedFor(event, refused, 1);
  if (!(await context.store.park(lane, parked, retryInMs(context, 1)))) return false;
  lane.parked.add(parked);
  context.logger.error(
    {
      event_id: event.eventId,
      event_type: event.eventType,
      aggregate_type: event.aggregateType,
      aggregate_id: event.aggregateId,
      lane: lane.lane,
      error_code: refused.errorCode,
      reason: refused.reason,
    },
    'aggregate parked, kafka does not take its next event',
  );
  return true;
}
