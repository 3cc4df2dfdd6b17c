/**
 * What most teams write for a consumer: for each message one transaction, which notes its id, reads
 * the row, and writes it. Frozen, as the loops are.
 */
import type { Database } from '@nova/postgres';

/** What it needs to know of a message. */
export interface Message<Row> {
  readonly eventId: string;
  readonly aggregateId: string;
  readonly eventType: string;
  /** The row after this message. */
  fold(row: Row | undefined): Row;
}

const NOTE =
  'INSERT INTO processed_events (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING 1';
const READ =
  'SELECT events, digest FROM bench_view WHERE aggregate_id = $1 AND event_type = $2 FOR UPDATE';
const WRITE = `
  INSERT INTO bench_view (aggregate_id, event_type, events, digest) VALUES ($1, $2, $3, $4)
  ON CONFLICT (aggregate_id, event_type)
  DO UPDATE SET events = excluded.events, digest = excluded.digest`;

/** Its table beside the view. */
export const processedEvents = `
  CREATE TABLE processed_events (
    event_id     uuid PRIMARY KEY,
    processed_at timestamptz NOT NULL DEFAULT now()
  )`;

/** Applies a message once. */
export async function applyMessage<
  Row extends { readonly events: number; readonly digest: string },
>(database: Database, { eventId, aggregateId, eventType, fold }: Message<Row>): Promise<void> {
  await database.transaction(async (transaction) => {
    const noted = await transaction.query(NOTE, [eventId]);
    if (noted.length === 0) return;
    const [row] = await transaction.query<Row>(READ, [aggregateId, eventType]);
    const { events, digest } = fold(row);
    await transaction.query(WRITE, [aggregateId, eventType, events, digest]);
  });
}
