import { LANES, type StoredEvent } from '@nova/events';
import { backoffMs, sleep } from '@nova/time';
import { lowest } from './bounds.ts';
import type { RelayContext } from './context.ts';
import type { Lane, LaneEvent } from './lane.ts';
import { MOST_POSITIONS } from './reach.ts';
import { RepublishSend } from './republish-send.ts';
import type { RepublishInWork, RepublishStore } from './republish-store.ts';

const LOOK_EVERY_MS = 1000;
const WINDOW_ROWS = 1000;
const PAUSE = { initialMs: 200, factor: 2, maxMs: 5000, jitter: 0.2 };

/** A lane of this relay, and up to where it is done. */
interface OwnLane {
  readonly lane: Lane;
  readonly from: bigint;
}

/**
 * Sends parts of the log once more that an operator asked for, window by window, beside everything
 * else: all of them were sent before, so whatever order they and new events come in, no first
 * occurrence is overtaken. Each relay sends what is of its lanes, in order, and stores how far it
 * is; whoever has the lane next goes on there. What a lane has not yet sent for the first time it
 * sends as it would anyway, and what is parked waits.
 */
export async function runRepublish(
  context: RelayContext,
  store: RepublishStore,
  stop: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!stop.aborted) {
    const isWhole = await step(context, store, stop).catch((thrown: unknown) => {
      context.meters.failed(thrown);
      return false;
    });
    failures = isWhole ? 0 : failures + 1;
    if (failures > 0) await sleep(backoffMs(PAUSE, failures), stop);
  }
}

async function step(
  context: RelayContext,
  store: RepublishStore,
  stop: AbortSignal,
): Promise<boolean> {
  const work = context.table.owned().length === 0 ? undefined : await store.inWork();
  if (work !== undefined) {
    if (ownLanes(context, work).length > 0) return await sendWindow(context, store, work, stop);
    if (work.lanes.size === 0 && (await store.end(work.id))) return true;
  }
  await sleep(LOOK_EVERY_MS, stop);
  return true;
}

function ownLanes({ table }: RelayContext, { lanes }: RepublishInWork): readonly OwnLane[] {
  return table.owned().flatMap((lane) => {
    const from = lanes.get(lane.lane);
    return from !== undefined && table.hasLease(lane) ? [{ lane, from }] : [];
  });
}

// False when something could not be sent, which is tried again.
async function sendWindow(
  context: RelayContext,
  store: RepublishStore,
  work: RepublishInWork,
  stop: AbortSignal,
): Promise<boolean> {
  const { source, settings, clock } = context;
  const lanes = ownLanes(context, work);
  const after = lowest(lanes.map(({ from }) => from));
  if (after === undefined) return true;
  const startedAt = clock.monotonicMs();
  const rate = (work.eventsPerSecond * lanes.length) / LANES;
  // So that the source knows the epochs of what is read.
  await source.head();
  const end = after + MOST_POSITIONS;
  const { events, scanned } = await source.read({
    after,
    upto: end < work.to ? end : work.to,
    lanes: lanes.map(({ lane }) => lane.lane),
    eventTypes: work.eventTypes,
    rows: Math.min(WINDOW_ROWS, settings.windowRows, rate === 0 ? WINDOW_ROWS : Math.ceil(rate)),
    bytes: settings.windowBytes,
  });
  const due = dueOf(lanes, events);
  const send = new RepublishSend(context, work.reason);
  await send.send(due);
  const moves = lanes
    .filter(({ lane, from }) => scanned > from && !send.outcomeOf(lane).hasFailed)
    .map(({ lane }) => {
      const { sent, refused } = send.outcomeOf(lane);
      return { lane: lane.lane, term: lane.term, position: scanned, sent, refused };
    });
  await store.move(work.id, moves);
  if (rate > 0) {
    await sleep(startedAt + (due.length / rate) * 1000 - clock.monotonicMs(), stop);
  }
  return send.isWhole();
}

// What lies above a lane's cursor is sent for the first time, by others.
function dueOf(lanes: readonly OwnLane[], events: readonly StoredEvent[]): readonly LaneEvent[] {
  const byNumber = new Map(lanes.map((own) => [own.lane.lane, own]));
  return events.flatMap((event) => {
    const own = byNumber.get(event.lane);
    const { position } = event.position;
    const isDue = own !== undefined && position > own.from && position <= own.lane.cursor;
    return isDue && !own.lane.parked.holds(event) ? [{ lane: own.lane, event }] : [];
  });
}
