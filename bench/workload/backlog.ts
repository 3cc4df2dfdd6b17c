import { newEventId, recordHeaders, type StoredEvent } from '@nova/events';
import { append, type NewEvent, outboxMigrations, readWindow } from '@nova/outbox';
import { type Database, migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { makeDatabase } from '../harness/databases.ts';
import type { Stage } from '../harness/stage.ts';
import { type BenchEvent, eventOf, type Workload } from './workload.ts';

const BATCH = 500;

/** The outbox of the peers: the specification's columns, and the headers that nova's records carry. */
const PEER_TABLE = `
  CREATE TABLE peer_outbox (
    id           bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id     uuid NOT NULL UNIQUE,
    topic        text NOT NULL,
    aggregate_id text NOT NULL,
    payload      bytea NOT NULL,
    headers      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
  );
  CREATE INDEX peer_outbox_pending ON peer_outbox (id) WHERE published_at IS NULL`;
const FILL_PEER = `
  INSERT INTO peer_outbox (event_id, topic, aggregate_id, payload, headers)
  SELECT event_id, topic, aggregate_id, convert_to(payload, 'UTF8'), headers
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
    AS given (event_id, topic, aggregate_id, payload, headers)`;

/** The event as it is appended to the log. */
export function newEvent({ eventType, aggregateType, aggregateId, payload }: BenchEvent): NewEvent {
  return {
    eventId: newEventId(),
    eventIdGiven: false,
    eventType,
    schemaVersion: 1,
    aggregateType,
    aggregateId,
    payload,
    source: '/nova/bench',
    annotations: {},
  };
}

/** Appends the events from `from` to before `to`, 500 at a time, in order. */
export async function appendEvents(
  database: Database,
  workload: Workload,
  from: number,
  to: number,
): Promise<void> {
  for (let at = from; at < to; at += BATCH) {
    const count = Math.min(BATCH, to - at);
    const events = Array.from({ length: count }, (_, n) => newEvent(eventOf(workload, at + n)));
    const [result] = await append(database, [{ conditions: [], mode: 'atomic', events }]);
    if (result?.outcome !== 'stored') throw new TypeError('a batch was refused');
  }
}

/** Backlogs that were written once and are copied for every turn. */
export class Backlogs {
  readonly #stage: Stage;
  readonly #made = new Map<string, Promise<string>>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Name of a database with this workload, waiting both in nova's log and in the peers' outbox. */
  of(workload: Workload): Promise<string> {
    const key = `${workload.events} ${workload.aggregates}`;
    const made = this.#made.get(key) ?? this.#make(workload);
    this.#made.set(key, made);
    return made;
  }

  async #make(workload: Workload): Promise<string> {
    const { say } = this.#stage;
    say(`writing a backlog of ${workload.events} events of ${workload.aggregates} aggregates`);
    const { database, url } = await makeDatabase(this.#stage);
    await migrate(database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
    await appendEvents(database, workload, 0, workload.events);
    await database.query(PEER_TABLE);
    for (let after = 0n; ; ) {
      const { events, scanned } = await readWindow(database, { after, limit: 1000 });
      if (scanned.position === after) break;
      await database.query(FILL_PEER, peerColumns(events));
      after = scanned.position;
    }
    await database.query('VACUUM ANALYZE');
    await database.close();
    return new URL(url).pathname.slice(1);
  }
}

function peerColumns(events: readonly StoredEvent[]): unknown[] {
  return [
    events.map(({ eventId }) => eventId),
    events.map(({ eventType }) => `nova_events_${eventType}`),
    events.map(({ aggregateId }) => aggregateId),
    events.map(({ payload }) => Buffer.from(payload).toString('utf8')),
    events.map((event) => JSON.stringify(recordHeaders(event))),
  ];
}
