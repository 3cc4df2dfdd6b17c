import { partitionOf, type StoredEvent, topicOf } from '@nova/events';
import { sleep } from '@nova/time';
import type { RelayContext } from './context.ts';
import type { Lane } from './lane.ts';
import { outgoingRecords } from './outgoing.ts';
import { retryInMs } from './park-refused.ts';
import { type ParkedAggregate, parkedFor } from './parked.ts';
import type { RefusedRecord } from './publisher.ts';

const MOST_AT_ONCE = 20;
/** Events of one aggregate that are sent before its lane flows on for a while. */
const MOST_IN_A_TURN = 500;
const READ_EVENTS = 100;
/** Each turn holds up its lane, and the connection for as long as what is refused takes. */
const AFTER_REFUSAL_MS = 200;
const LONGEST_WAIT_FOR_LANE_MS = 2000;
const LOOK_AGAIN_MS = 5;

/** How a turn ended. */
type Turn = 'published' | 'more' | 'refused' | 'given-up';

/**
 * Tries what is parked again when its time has come, which an operator may have set to now. A parked
 * aggregate is published from the log, in order, up to where its lane is; then it goes with its lane
 * again. The lane is held meanwhile, so that nothing of the aggregate comes in between.
 */
export async function runParkedRetry(context: RelayContext, stop: AbortSignal): Promise<void> {
  const { table, store, settings, meters, logger } = context;
  while (!stop.aborted) {
    await sleep(settings.parkedRetryMs, stop);
    try {
      const lanes = table.owned().filter(({ parked }) => parked.size > 0);
      if (stop.aborted || lanes.length === 0) continue;
      const numbers = lanes.map(({ lane }) => lane);
      for (const parked of await store.parkedDue(numbers, MOST_AT_ONCE)) {
        const lane = lanes.find((one) => one.lane === parked.lane);
        if (stop.aborted || lane === undefined) break;
        const turn = await withLane(context, lane, stop, () =>
          publishParked(context, lane, parked),
        );
        if (turn === 'refused') await sleep(AFTER_REFUSAL_MS, stop);
      }
    } catch (thrown) {
      meters.failed(thrown);
      logger.debug({ err: thrown }, 'parked events not tried again');
    }
  }
}

async function withLane(
  { table, gapWork, clock }: RelayContext,
  lane: Lane,
  stop: AbortSignal,
  work: () => Promise<Turn>,
): Promise<Turn> {
  const giveUpAt = clock.monotonicMs() + LONGEST_WAIT_FOR_LANE_MS;
  lane.isReserved = true;
  try {
    while (lane.isInWork && clock.monotonicMs() < giveUpAt && !stop.aborted) {
      await sleep(LOOK_AGAIN_MS, stop);
    }
    if (lane.isInWork || lane.isLeaving || stop.aborted || !table.hasLease(lane)) return 'given-up';
    lane.isInWork = true;
    // The front does not wait for it; it catches up apart.
    lane.mode = 'lagging';
    try {
      return await work();
    } finally {
      lane.isInWork = false;
    }
  } finally {
    lane.isReserved = false;
    gapWork.notify();
  }
}

// Sends from the event that was refused on, as far as the lane is; stays parked at the next refusal.
async function publishParked(
  context: RelayContext,
  lane: Lane,
  parked: ParkedAggregate,
): Promise<Turn> {
  const { aggregateType, aggregateId } = parked;
  let [next, sent] = [parked.aggregateVersion, 0];
  while (context.table.hasLease(lane)) {
    const range = { aggregateType, aggregateId, fromVersion: next, limit: READ_EVENTS };
    const found = await context.source.ofAggregate(range);
    const events = found.filter(({ position }) => position.position <= lane.cursor);
    const [first] = events;
    if (first === undefined) return await release(context, lane, parked);
    if (sent >= MOST_IN_A_TURN) {
      const rest = parkedFor(first, { ...parked, index: 0 }, 1);
      return (await repark(context, lane, rest, 0)) ? 'more' : 'given-up';
    }
    const { published, refusal } = await send(context, ofOneTopic(events));
    sent += published.length;
    next += BigInt(published.length);
    if (refusal === undefined) continue;
    const isSame = refusal.event.position.position === parked.position;
    const attempts = isSame ? parked.attempts + 1 : 1;
    const again = parkedFor(refusal.event, refusal.refused, attempts);
    await repark(context, lane, again, retryInMs(context, attempts));
    return 'refused';
  }
  return 'given-up';
}

// Several sends of one partition may go at once, those of several topics would lose their order.
function ofOneTopic(events: readonly StoredEvent[]): readonly StoredEvent[] {
  const end = events.findIndex(({ eventType }) => eventType !== events[0]?.eventType);
  return end < 0 ? events : events.slice(0, end);
}

async function send(
  { publisher, meters }: RelayContext,
  events: readonly StoredEvent[],
): Promise<{
  readonly published: readonly StoredEvent[];
  readonly refusal?: { readonly event: StoredEvent; readonly refused: RefusedRecord };
}> {
  const [first] = events;
  if (first === undefined) return { published: [] };
  const topic = topicOf(first.eventType);
  const partition = partitionOf(first.aggregateId, await publisher.partitionsOf(topic));
  const sent = Promise.withResolvers<void>();
  sent.promise.catch(() => {});
  try {
    await publisher.publish({
      topic,
      partition,
      records: outgoingRecords(events, topic, partition, sent.promise),
    });
    sent.resolve();
    meters.published(events);
    return { published: events };
  } catch (thrown) {
    sent.reject(thrown);
    const refused = publisher.refusalIn(thrown);
    const event = refused === undefined ? undefined : events[refused.index];
    if (refused === undefined || event === undefined) throw thrown;
    const published = events.slice(0, refused.index);
    meters.published(published);
    return { published, refusal: { event, refused } };
  }
}

async function repark(
  { store }: RelayContext,
  lane: Lane,
  parked: ParkedAggregate,
  inMs: number,
): Promise<boolean> {
  const isHeld = await store.repark(lane, parked, inMs);
  if (isHeld) lane.parked.set(parked);
  return isHeld;
}

async function release(
  { store, table, logger }: RelayContext,
  lane: Lane,
  parked: ParkedAggregate,
): Promise<Turn> {
  const { aggregateType, aggregateId, eventType } = parked;
  try {
    if (!(await store.unpark(lane, parked))) return 'given-up';
  } catch (thrown) {
    // Perhaps it is done: what follows must then not wait. Who claims the lane next reads the table.
    table.drop(lane);
    throw thrown;
  }
  lane.parked.delete(parked);
  logger.info(
    {
      event_type: eventType,
      aggregate_type: aggregateType,
      aggregate_id: aggregateId,
      lane: lane.lane,
    },
    'parked aggregate published, its lane has it again',
  );
  return 'published';
}
