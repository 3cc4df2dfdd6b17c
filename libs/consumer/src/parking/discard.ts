import type { Queryable } from '@nova/postgres';
import type { AggregateName } from '../aggregate.ts';
import type { SessionContext } from '../context.ts';
import { enterGeneration } from '../generation.ts';
import { type GenerationName, lockMarks, writeMarks } from '../marks.ts';
import type { PartOutcome } from './act-parts.ts';
import { dropKept, readBlockedOne, retryAtOnce } from './parked-store.ts';

/** Who lets a consumer go on without an event, and why. */
export interface Discarder {
  readonly failedVersion: bigint;
  readonly act_id: string;
  readonly who: string;
  readonly reason: string;
}

interface FailingEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly epoch: string;
  readonly position: bigint;
}

/**
 * Lets an aggregate go on without the event that fails: the mark moves over it as if it were applied,
 * so the order guard lets pass what follows, which is tried at once; rows and effects are as if it
 * had changed nothing. The log keeps it. If it fails again later, in a rebuild for instance, it is
 * passed over without asking ({@link passOver}); if it does not, because its handler was mended, it
 * is applied then.
 */
export async function discardFailing(
  context: SessionContext,
  name: AggregateName,
  discarder: Discarder,
): Promise<PartOutcome> {
  const { database, generation, turn, board, retryWork, logger } = context;
  const outcome = await turn.take(() =>
    database.transaction(async (tx): Promise<PartOutcome> => {
      await enterGeneration(tx, generation);
      await lockMarks(tx, generation, [name]);
      const blocked = await readBlockedOne(tx, generation, name);
      if (blocked?.failedVersion !== discarder.failedVersion) {
        const detail =
          blocked === undefined
            ? 'it does not fail any more'
            : `version ${blocked.failedVersion} fails now`;
        return { outcome: 'gone', detail };
      }
      const failing = await failingEvent(tx, generation, name, blocked.failedVersion);
      if (failing === undefined)
        return { outcome: 'failed', detail: 'its event is not kept; replay it' };
      await tx.query(
        `INSERT INTO discarded_events (consumer, event_id, aggregate_type, aggregate_id,
           aggregate_version, event_type, act_id, who, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
        [
          generation.consumer,
          failing.event_id,
          name.aggregateType,
          name.aggregateId,
          blocked.failedVersion,
          failing.event_type,
          discarder.act_id,
          discarder.who,
          discarder.reason,
        ],
      );
      await step(tx, generation, name, blocked.failedVersion, failing);
      return { outcome: 'done', detail: failing.event_id };
    }),
  );
  if (outcome.outcome === 'done') {
    board.changed();
    retryWork.notify();
    logger.warn(
      {
        event_id: outcome.detail,
        aggregate_type: name.aggregateType,
        aggregate_id: name.aggregateId,
        aggregate_version: discarder.failedVersion,
      },
      'event discarded, its aggregate goes on without it',
    );
  }
  return outcome;
}

/** Passes over failing events that were discarded before; answers whether there were any. */
export async function passOver(
  { database, generation, turn, logger }: SessionContext,
  names: readonly AggregateName[],
): Promise<boolean> {
  let hasPassed = false;
  const known = await database.query<{ aggregateType: string; aggregateId: string }>(
    `SELECT b.aggregate_type AS "aggregateType", b.aggregate_id AS "aggregateId"
     FROM unnest($3::text[], $4::text[]) AS wanted (aggregate_type, aggregate_id)
     JOIN parked_aggregates AS b USING (aggregate_type, aggregate_id)
     JOIN parked_events AS e
       ON e.consumer = b.consumer AND e.generation = b.generation
      AND e.aggregate_type = b.aggregate_type AND e.aggregate_id = b.aggregate_id
      AND e.aggregate_version = b.failed_version
     JOIN discarded_events AS d ON d.consumer = e.consumer AND d.event_id = e.event_id
     WHERE b.consumer = $1 AND b.generation = $2`,
    [
      generation.consumer,
      generation.generation,
      names.map(({ aggregateType }) => aggregateType),
      names.map(({ aggregateId }) => aggregateId),
    ],
  );
  for (const name of known) {
    const isPassed = await turn.take(() =>
      database.transaction(async (tx) => {
        await enterGeneration(tx, generation);
        await lockMarks(tx, generation, [name]);
        const blocked = await readBlockedOne(tx, generation, name);
        if (blocked === undefined) return false;
        const failing = await failingEvent(tx, generation, name, blocked.failedVersion);
        if (failing === undefined || !(await isDiscarded(tx, generation, failing))) return false;
        await step(tx, generation, name, blocked.failedVersion, failing);
        return true;
      }),
    );
    if (!isPassed) continue;
    hasPassed = true;
    const { aggregateType, aggregateId } = name;
    logger.warn(
      { aggregate_type: aggregateType, aggregate_id: aggregateId },
      'event that was discarded before is passed over',
    );
  }
  return hasPassed;
}

async function isDiscarded(
  tx: Queryable,
  { consumer }: GenerationName,
  { event_id: eventId }: FailingEvent,
): Promise<boolean> {
  const rows = await tx.query(
    'SELECT 1 FROM discarded_events WHERE consumer = $1 AND event_id = $2',
    [consumer, eventId],
  );
  return rows.length > 0;
}

async function failingEvent(
  tx: Queryable,
  { consumer, generation }: GenerationName,
  { aggregateType, aggregateId }: AggregateName,
  version: bigint,
): Promise<FailingEvent | undefined> {
  const [row] = await tx.query<FailingEvent>(
    `SELECT event_id, event_type, epoch, position FROM parked_events
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4
       AND aggregate_version = $5`,
    [consumer, generation, aggregateType, aggregateId, version],
  );
  return row;
}

/**
 * Moves the mark over the event, and lets what follows it be tried, also if nothing is kept: Kafka may
 * have lost a follower, and the tail check passes over aggregates that are blocked.
 */
async function step(
  tx: Queryable,
  generation: GenerationName,
  name: AggregateName,
  version: bigint,
  { epoch, position }: FailingEvent,
): Promise<void> {
  const { aggregateType, aggregateId } = name;
  const mark = { aggregateType, aggregateId, version, epoch, position, filled: undefined };
  await writeMarks(tx, generation, [mark]);
  await dropKept(tx, generation, name, version);
  await retryAtOnce(tx, generation, name);
}
