import { LANES, type LogPosition } from '@nova/events';
import { applyFromLog, needRoom } from './apply-from-log.ts';
import { applyRound } from './apply-round.ts';
import type { SessionContext } from './context.ts';
import { byAggregate, type Delivery, deliveryOf, nameOf } from './delivery.ts';
import type { LogRange } from './log-reader.ts';
import { refold } from './refold.ts';
import { roundOf } from './round.ts';
import { Strands } from './strands.ts';
import { writeTails } from './tail.ts';
import { Turn } from './turn.ts';

/** Lanes of partition numbers: a lane has one partition number in every topic. */
export function lanesOf(partitions: ReadonlySet<number>, partitionCount: number): number[] {
  return Array.from({ length: LANES }, (_, lane) => lane).filter((lane) =>
    partitions.has(lane % partitionCount),
  );
}

/** How much of the tail is applied between two writes of its cursor. */
const CURSOR_EVERY_EVENTS = 10_000;

/** The part of the log that is applied. */
export interface CatchUpPart {
  readonly from: LogPosition | undefined;
  readonly lanes: readonly number[];
  readonly partitions: readonly number[];
  /** Rounds beside each other; more than one only where nothing else applies events in the same turn. */
  readonly strands?: number;
}

/**
 * Applies the log from a position to the head it has, own lanes and types only, and moves the tail
 * cursors of these partitions along.
 */
export async function catchUp(
  context: SessionContext,
  part: CatchUpPart,
  signal: AbortSignal,
): Promise<void> {
  const { generation, meters, settings, journal } = context;
  const { from, lanes, strands: count = 1 } = part;
  const eventTypes = [...generation.eventTypes.keys()];
  meters.readLog('catch_up');
  const turns = Array.from({ length: count }, (_, n) => (n === 0 ? context.turn : new Turn()));
  const strands = new Strands({
    applies: turns.map((turn) => (deliveries) => applyPart({ ...context, turn }, deliveries)),
    settings,
    // One round of a member can be written down before it is applied.
    isAlone: () => journal.isWatching,
  });
  try {
    await applyAll(context, part, strands, { from, lanes, eventTypes, headersOnly: false, signal });
  } finally {
    await strands.idle();
  }
}

async function applyAll(
  { log, database, generation }: SessionContext,
  { partitions }: CatchUpPart,
  strands: Strands,
  range: LogRange & { readonly signal: AbortSignal },
): Promise<void> {
  let sinceCursor = 0;
  let reached: LogPosition | undefined;
  for await (const { events, scanned } of log.readLog(range)) {
    range.signal.throwIfAborted();
    for (const event of events) await strands.take(deliveryOf(event));
    sinceCursor += events.length;
    reached = scanned;
    if (sinceCursor < CURSOR_EVERY_EVENTS) continue;
    await strands.flush();
    await writeTails(database, generation, partitions, scanned);
    sinceCursor = 0;
  }
  await strands.flush();
  if (reached !== undefined) await writeTails(database, generation, partitions, reached);
}

async function applyPart(context: SessionContext, deliveries: readonly Delivery[]): Promise<void> {
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
