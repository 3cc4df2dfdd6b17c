import type { StoredEvent } from '@nova/events';
import {
  append,
  eventsByAggregate,
  logHead,
  type NewEvent,
  readWindow,
  rebase,
} from '@nova/outbox';
import type { Database } from '@nova/postgres';
import type { ConsumerRegistration, LogReader } from '../log-reader.ts';

/** The log over libs/outbox, with what a spec wants to know and to break. */
export interface OutboxLog extends LogReader {
  readonly reads: { aggregates: number; log: number };
  readonly registrations: ConsumerRegistration[];
  isAway: boolean;
}

/** A log reader on the database of the log itself. */
export function outboxLog(database: Database): OutboxLog {
  const reads = { aggregates: 0, log: 0 };
  const registrations: ConsumerRegistration[] = [];
  const log: OutboxLog = {
    reads,
    registrations,
    isAway: false,
    async *readAggregates(ranges, limit) {
      if (log.isAway) throw new Error('the log is away');
      reads.aggregates += 1;
      for (const range of ranges) yield await eventsByAggregate(database, { ...range, limit });
    },
    async *readLog({ from, lanes, eventTypes, headersOnly }) {
      if (log.isAway) throw new Error('the log is away');
      reads.log += 1;
      let after = from?.position ?? 0n;
      const { head } = await logHead(database);
      while (after < head.position) {
        const window = await readWindow(database, {
          after,
          limit: 1000,
          lanes,
          eventTypes,
          headersOnly,
        });
        yield window;
        after = window.scanned.position;
      }
    },
    getLog: () => (log.isAway ? Promise.reject(new Error('the log is away')) : logHead(database)),
    async register(registration) {
      registrations.push(registration);
    },
  };
  return log;
}

/** An event to be appended. */
export function newEvent(
  eventType: string,
  aggregateId: string,
  payload: object,
  eventId = crypto.randomUUID(),
): NewEvent {
  return {
    eventId,
    eventIdGiven: false,
    eventType,
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId,
    payload: Buffer.from(JSON.stringify(payload)),
    source: '/nova/spec',
    annotations: {},
  };
}

/** Appends events and returns them as the log has them. */
export async function appendAll(
  database: Database,
  events: readonly NewEvent[],
): Promise<StoredEvent[]> {
  const { head } = await logHead(database);
  for (let from = 0; from < events.length; from += 500) {
    const unit = {
      conditions: [],
      mode: 'atomic',
      events: events.slice(from, from + 500),
    } as const;
    const [result] = await append(database, [unit]);
    if (result?.outcome !== 'stored') throw new Error('nothing was stored');
  }
  const stored: StoredEvent[] = [];
  for (let after = head.position; ; ) {
    const window = await readWindow(database, { after, limit: 1000 });
    stored.push(...window.events);
    if (window.scanned.position === after) return stored;
    after = window.scanned.position;
  }
}

/** The log comes back without what followed an event, all of it messages of the same aggregate. */
export async function loseAfter(database: Database, kept: StoredEvent | undefined): Promise<void> {
  if (kept === undefined) throw new TypeError('nothing is kept');
  const { aggregateId, aggregateVersion, typeSequence, position } = kept;
  await database.query('DELETE FROM outbox_events WHERE position > $1', [position.position]);
  await database.query(
    `UPDATE outbox_aggregates
     SET version = $2, last_versions = jsonb_build_object('message_created', $2::bigint),
         type_counts = jsonb_build_object('message_created', $3::bigint)
     WHERE aggregate_id = $1`,
    [aggregateId, aggregateVersion, typeSequence],
  );
  await rebase(database);
}
