import { NovaError } from '@nova/errors';
import { loadSql, type Queryable, type Sql } from '@nova/postgres';
import { errors } from '../errors.ts';
import type { OutboxEvent } from './local-event.ts';
import { type OutboxRow, readOutboxRow } from './outbox-row.ts';

const sql = {
  window: loadSql(new URL('./sql/read-window.sql', import.meta.url)),
  page: loadSql(new URL('./sql/read-page.sql', import.meta.url)),
};

/**
 * How far a reader is. Snapshots are texts of PostgreSQL's pg_snapshot.
 *
 *   between windows   `done`: everything visible in it was read
 *   in a large one    `open` too: what is visible in it is being read by id, up to `afterId`
 */
export interface OutboxCursor {
  readonly done: string;
  readonly open?: { readonly snapshot: string; readonly afterId: bigint };
}

/** Nothing was read. A reader begins here, never with "now": what runs now may have begun long ago. */
export const BEGINNING: OutboxCursor = { done: '1:1:' };

/** How much is read at a time. */
export interface WindowBounds {
  readonly rows: number;
  /** Of payload; one event more than that at most. */
  readonly bytes: number;
}

/** What was read. */
export interface OutboxWindow {
  /** Of each aggregate in the order of its versions. */
  readonly events: readonly OutboxEvent[];
  /** Where to go on once these events are dealt with. */
  readonly next: OutboxCursor;
  /** Whether more is there for sure. */
  readonly hasMore: boolean;
  /** Which server was read: another one after a restart or a failover. */
  readonly server: string;
}

/**
 * Reads what was committed since the cursor, once, whatever transactions there are: those that begin
 * early and commit late, hold an xid for hours, are prepared, roll back wholly or in part.
 *
 * Ids and xids are not commit order, so a high mark over either of them skips what commits below it.
 * A snapshot tells exactly which transactions had ended; what is visible in the next one and was not
 * in this one is what they have committed between the two, and neither waits for anybody. Within a
 * window order is by id, and of one aggregate that is the order of commits: its row in
 * local_outbox_aggregates is locked from before the id is drawn until the commit.
 *
 * A cursor is to be stored in the same database before it is read from, durably, and never to be used
 * on another server than it was stored on: xids that a crash has forgotten are drawn again, and what
 * they then commit would seem to be known.
 *
 * @throws LOCAL_OUTBOX_STANDBY; what `Queryable.query` throws
 */
export async function readOutboxWindow(
  database: Queryable,
  cursor: OutboxCursor,
  bounds: WindowBounds,
): Promise<OutboxWindow> {
  const { done, open } = cursor;
  if (open !== undefined) return readPage(database, done, open, bounds);
  const read = await query(database, sql.window, [done, bounds.rows, bounds.bytes]);
  const { snapshot, server, rows, isCut } = read;
  if (!isCut && rows.length <= bounds.rows) {
    return { events: rows.map(readOutboxRow), next: { done: snapshot }, hasMore: false, server };
  }
  return readPage(database, done, { snapshot, afterId: 0n }, bounds);
}

// A window may be larger than memory: after an outage of nova, or after one large transaction. Its
// snapshot stays the same over all its pages, so that they are one window.
async function readPage(
  database: Queryable,
  done: string,
  { snapshot, afterId }: { readonly snapshot: string; readonly afterId: bigint },
  bounds: WindowBounds,
): Promise<OutboxWindow> {
  const params = [done, snapshot, afterId, bounds.rows, bounds.bytes];
  const { rows, isCut, server } = await query(database, sql.page, params);
  const last = rows.at(-1);
  const hasMore = last !== undefined && (isCut || rows.length === bounds.rows);
  return {
    events: rows.map(readOutboxRow),
    next: hasMore ? { done, open: { snapshot, afterId: last.id } } : { done: snapshot },
    hasMore,
    server,
  };
}

type Answer = { readonly snapshot: string; readonly standby: boolean; readonly server: string } & (
  | ({ readonly found: bigint } & OutboxRow)
  | { readonly found: null; readonly id: null }
);

/** `isCut`: bytes were the bound, not rows. */
async function query(database: Queryable, statement: Sql, params: readonly unknown[]) {
  const answers = await database.query<Answer>(statement, params);
  const [first] = answers;
  if (first === undefined) throw new TypeError('a window has at least one row');
  // Transactions that run on the primary are not among the running ones of a standby's snapshot.
  if (first.standby) throw new NovaError(errors.LOCAL_OUTBOX_STANDBY);
  const rows = answers.filter((row) => row.id !== null);
  const isCut = BigInt(rows.length) < (first.found ?? 0n);
  return { snapshot: first.snapshot, server: first.server, rows, isCut };
}
