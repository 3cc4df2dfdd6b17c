import type { StoredEvent } from '@nova/events';
import { lowest } from './bounds.ts';
import type { RelayContext } from './context.ts';
import type { Lane, LaneEvent } from './lane.ts';
import { type HeadedWindow, isFor, readWindow, type WindowRead } from './window-read.ts';
import { WindowSend } from './window-send.ts';

/** A window that was read and is being sent. */
export interface OpenWindow {
  readonly send: WindowSend;
  /** Up to where the log was read. */
  readonly scanned: bigint;
  /** Its end when it was read. */
  readonly head: bigint;
}

/**
 * Reads the next window of these lanes, from the one that is furthest back, and begins its sends.
 * What was read `ahead` is taken in its place where it is this window. Lanes without events in it
 * move at once; each of the others moves when all of its sends are acknowledged, whoever waits for
 * that. Undefined when there is nothing above their cursors.
 *
 * @throws what the log source throws; no lane has changed then.
 */
export async function openWindow(
  context: RelayContext,
  lanes: readonly Lane[],
  ahead?: WindowRead,
): Promise<OpenWindow | undefined> {
  const after = lowest(lanes.map(({ cursor }) => cursor));
  if (after === undefined) return undefined;
  for (const lane of lanes) lane.isInWork = true;
  let window: HeadedWindow | undefined;
  try {
    const isAhead = ahead !== undefined && isFor(ahead, lanes);
    window = await (isAhead ? ahead : readWindow(context, lanes, after)).window;
  } finally {
    if (window === undefined) for (const lane of lanes) lane.isInWork = false;
  }
  if (window === undefined) return undefined;
  const events = wanted(lanes, window.events);
  const send = new WindowSend(context, events);
  const { scanned, head } = window;
  const byLane = Map.groupBy(events, ({ lane }) => lane);
  for (const lane of lanes) {
    const own = byLane.get(lane)?.map(({ event }) => event) ?? [];
    if (own.length === 0) close(context, lane, send, own, scanned);
    else void send.settled(lane).then(() => close(context, lane, send, own, scanned));
  }
  track(context, send);
  return { send, scanned, head };
}

// Lanes may be at different positions: what a lane has acknowledged is never sent again.
function wanted(lanes: readonly Lane[], events: readonly StoredEvent[]): readonly LaneEvent[] {
  const byNumber = new Map(lanes.map((lane) => [lane.lane, lane]));
  return events.flatMap((event) => {
    const lane = byNumber.get(event.lane);
    return lane !== undefined && event.position.position > lane.cursor ? [{ lane, event }] : [];
  });
}

function close(
  context: RelayContext,
  lane: Lane,
  send: WindowSend,
  events: readonly StoredEvent[],
  scanned: bigint,
): void {
  const { table, moved, gapWork } = context;
  lane.isInWork = false;
  if (send.outcomeOf(lane) === 'acknowledged') {
    table.moveTo(lane, scanned);
    const published = events.filter((event) => !lane.parked.holds(event));
    if (published.length > 0) acknowledged(context, published);
    moved.notify();
  } else if (lane.mode === 'lagging') {
    table.rest(lane);
  }
  if (lane.mode === 'lagging') gapWork.notify();
}

function acknowledged(
  { table, meters, logger, gapWork }: RelayContext,
  events: readonly StoredEvent[],
): void {
  meters.published(events);
  if (!meters.over('kafka')) return;
  logger.info({}, 'kafka takes events again');
  table.endRests();
  gapWork.notify();
}

function track({ open, meters }: RelayContext, send: WindowSend): void {
  const all: Promise<void> = send.allSettled().then(() => {
    open.delete(all);
    if (send.failure !== undefined) meters.failed(send.failure);
  });
  open.add(all);
}
