import { isNovaError, messageOf } from '@nova/errors';
import { loop, type Part } from '@nova/lifecycle';
import { append, type UnitResult } from '@nova/outbox';
import type { Database, Queryable } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';
import { Signal } from '@nova/time';
import { isRefusedContent } from './refused-content.ts';
import {
  type DueEvent,
  lockDue,
  nextDueMs,
  noteRefusal,
  removeScheduled,
} from './scheduled-events.ts';

/** Another instance may have scheduled something: it is looked for this often. */
const LOOK_EVERY_MS = 500;
/** Events of one transaction. */
const ROUND = 200;

/** Appends scheduled events when they are due. */
export interface Scheduler {
  readonly part: Part;
  /** Says that an event was scheduled, which may be due before the next look. */
  wake(): void;
}

/**
 * Appends what is due in the transaction that deletes its row: a crash between the two is none, and
 * a cancellation either finds the row or comes too late and says so.
 *
 *   waiting ── due ──▶ in the log          (row deleted)
 *      │       due, but expired ──▶ gone   (row deleted)
 *      │       refused by the log ──▶ kept with the reason, for a week
 *      └ cancelled ──▶ gone
 */
export function createScheduler(given: {
  readonly database: Database;
  readonly logger: Logger;
  /** Tells relays and followers that the log has grown. */
  readonly wake: () => void;
}): Scheduler {
  const { database, wake } = given;
  const logger = given.logger.child({ component: 'scheduler' });
  const scheduled = new Signal();
  let isTroubled = false;

  const round: Round = async (limit, tried) => {
    const settled = await database.transaction((tx) => appendDue(tx, limit, tried));
    if (settled === undefined) return false;
    for (const [event_id, reason] of settled.refused) {
      logger.warn({ event_id, reason }, 'the log refused a scheduled event');
    }
    if (settled.expired > 0) {
      logger.info({ count: settled.expired }, 'scheduled events had expired before their time');
    }
    if (settled.stored > 0) wake();
    return true;
  };
  const roundOrOne = suspecting(database, round);
  const look = async (): Promise<number> => {
    const dueMs = await nextDueMs(database);
    if (dueMs === undefined || dueMs > 0) return Math.min(dueMs ?? LOOK_EVERY_MS, LOOK_EVERY_MS);
    // Another instance is at it, and may die of it.
    return (await roundOrOne()) ? 0 : LOOK_EVERY_MS;
  };
  const trouble = (thrown: unknown): number => {
    const error_code = isNovaError(thrown) ? thrown.code : 'NOVA_INTERNAL_BUG';
    const fields = { error_code, reason: messageOf(thrown) };
    if (!isTroubled) logger.warn(fields, 'scheduled events have to wait');
    isTroubled = true;
    return LOOK_EVERY_MS;
  };
  const well = (waitMs: number): number => {
    isTroubled = false;
    return waitMs;
  };
  const part = loop(
    'scheduler',
    async (signal) => {
      while (!signal.aborted) {
        const waitMs = await look().then(well, trouble);
        if (waitMs > 0) await scheduled.wait(waitMs, signal);
      }
    },
    (thrown) => logger.error({ err: thrown }, 'the scheduler ended by a bug'),
  );
  return { part, wake: () => scheduled.notify() };
}

/** Settles what is due; false when another instance is at it. Adds to `tried` what it tries. */
type Round = (limit: number, tried: string[]) => Promise<boolean>;

/**
 * A round of all that is due. One event that the server cannot take must not hold up the others: it is
 * found alone, and noted when it has failed so twice in a row, since the first time may have had another
 * cause.
 */
function suspecting(database: Database, round: Round): () => Promise<boolean> {
  let suspect: string | undefined;
  return async () => {
    try {
      return await round(ROUND, []);
    } catch (thrown) {
      if (!isRefusedContent(thrown)) throw thrown;
    }
    const tried: string[] = [];
    try {
      return await round(1, tried);
    } catch (thrown) {
      if (!isRefusedContent(thrown)) throw thrown;
      const [alone] = tried;
      if (alone !== undefined && alone === suspect) await noteRefusal(database, alone, 'INTERNAL');
      suspect = alone;
      return true;
    }
  };
}

/** What became of what was due. */
interface Settled {
  readonly stored: number;
  readonly expired: number;
  /** By event id, why the log refused it. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Also tells which events it has tried, should it fail. */
async function appendDue(
  tx: Queryable,
  limit: number,
  tried: string[],
): Promise<Settled | undefined> {
  const due = await lockDue(tx, limit);
  if (due === undefined) return undefined;
  tried.push(...due.map(({ event }) => event.eventId));
  const alive = due.filter(({ isExpired }) => !isExpired);
  const units = alive.map(({ event }) => ({
    conditions: [],
    mode: 'atomic' as const,
    events: [event],
  }));
  const results = units.length === 0 ? [] : await append(tx, units);
  const refused = refusalsOf(alive, results);
  for (const [eventId, reason] of refused) await noteRefusal(tx, eventId, reason);
  const gone = due.map(({ event }) => event.eventId).filter((id) => !refused.has(id));
  await removeScheduled(tx, gone);
  return { refused, expired: due.length - alive.length, stored: alive.length - refused.size };
}

/** By event id, why the log refused it. */
function refusalsOf(
  events: readonly DueEvent[],
  results: readonly UnitResult[],
): ReadonlyMap<string, string> {
  return new Map(
    results.flatMap((result, index) => {
      const eventId = events[index]?.event.eventId;
      if (result.outcome === 'stored' || eventId === undefined) return [];
      return [[eventId, result.refusals[0]?.reason ?? 'REFUSED'] as const];
    }),
  );
}
