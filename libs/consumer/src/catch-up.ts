import { LANES, type LogPosition } from '@nova/events';
import { applyFromLog, needRoom } from './apply-from-log.ts';
import { applyRound } from './apply-round.ts';
import type { SessionContext } from './context.ts';
import { byAggregate, type Delivery, deliveryOf, nameOf } from './delivery.ts';
import { refold } from './refold.ts';
import { roundOf } from './round.ts';
import { writeTails } from './tail.ts';

/** Lanes of partition numbers: a lane has one partition number in every topic. */
export function lanesOf(partitions: ReadonlySet<number>, partitionCount: number): number[] {
  return Array.from({ length: LANES }, (_, lane) => lane).filter((lane) =>
    partitions.has(lane % partitionCount),
  );
}

/** How much of the tail is applied between two writes of its cursor. */
const CURSOR_EVERY_EVENTS = 5000;

/**
 * Applies the log from a position to the head it has, own lanes and types only, and moves the tail
 * cursors of these partitions along.
 */
export async function catchUp(
  context: SessionContext,
  part: {
    readonly from: LogPosition | undefined;
    readonly lanes: readonly number[];
    readonly partitions: readonly number[];
  },
  signal: AbortSignal,
): Promise<void> {
  const { log, generation, meters, settings, database } = context;
  const { from, lanes, partitions } = part;
  const eventTypes = [...generation.eventTypes.keys()];
  meters.readLog('catch_up');
  let sinceCursor = 0;
  let waiting: Delivery[] = [];
  let bytes = 0;
  let reached: LogPosition | undefined;
  const applyWaiting = async () => {
    const deliveries = waiting;
    waiting = [];
    bytes = 0;
    await applyPart(context, deliveries);
  };
  for await (const { events, scanned } of log.readLog({
    from,
    lanes,
    eventTypes,
    headersOnly: false,
    signal,
  })) {
    signal.throwIfAborted();
    for (const event of events) {
      waiting.push(deliveryOf(event));
      bytes += event.payload.length;
      const isRound = waiting.length >= settings.roundEvents || bytes >= settings.roundBytes;
      if (isRound) await applyWaiting();
    }
    sinceCursor += events.length;
    reached = scanned;
    if (sinceCursor < CURSOR_EVERY_EVENTS) continue;
    await applyWaiting();
    await writeTails(database, generation, partitions, scanned);
    sinceCursor = 0;
  }
  await applyWaiting();
  if (reached !== undefined) await writeTails(database, generation, partitions, reached);
}

async function applyPart(context: SessionContext, deliveries: readonly Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  const groups = byAggregate(deliveries);
  const round = { ...context.round, isBulk: true };
  const result = await applyRound(context, round, roundOf(groups), { isLive: false });
  needRoom(context, result);
  for (const { deliveries: lost } of result.invalid) await refold(context, nameOf(lost));
  // Only where the cursor was ahead of the marks: then what is missing is read as well.
  const behind = result.held.map(({ deliveries: held, appliedVersion }) => ({
    ...nameOf(held),
    afterVersion: appliedVersion,
  }));
  if (behind.length > 0) {
    await applyFromLog(context, behind, { reason: 'catch_up', isRetry: false });
  }
}
