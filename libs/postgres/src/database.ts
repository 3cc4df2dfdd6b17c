import type { Part } from '@nova/lifecycle';
import type { Sql } from './sql.ts';

/** Something that runs statements: a pool, a transaction, a session. */
export interface Queryable {
  /**
   * Runs one statement. Rows come as objects; int8 as bigint.
   *
   * In a transaction or session statements run in the order in which they are given, also those
   * given together (`Promise.all`): they then reach the server in one packet, which saves a round
   * trip each. In a transaction the failure of one fails those behind it.
   *
   * @throws POSTGRES_UNAVAILABLE when the server is gone or silent: then nobody knows whether the
   *   statement took effect.
   * @throws POSTGRES_TIMEOUT, POSTGRES_CONFLICT, POSTGRES_FULL, POSTGRES_ACCESS_DENIED,
   *   POSTGRES_REFUSED
   */
  query<Row>(sql: Sql, params?: readonly unknown[]): Promise<Row[]>;
}

/** A transaction that takes rows in bulk. */
export interface BulkTransaction extends Queryable {
  /**
   * Runs a `COPY … FROM STDIN` with this text, behind what was given before.
   *
   * @throws as `query` does
   */
  copyIn(sql: Sql, text: string): Promise<void>;
}

/** A pool of connections to one database. */
export interface Database extends Queryable {
  /**
   * Runs `work` in one READ COMMITTED transaction: commits when it returns, rolls back when it
   * throws, and rethrows what it threw.
   *
   * @throws POSTGRES_ROLLED_BACK when `work` swallowed the failure of a statement.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;

  /**
   * As `transaction`, but it can copy rows in. Statements that are given together cost a round trip
   * each: it is for many rows at a time.
   */
  bulk<T>(work: (tx: BulkTransaction) => Promise<T>): Promise<T>;

  /**
   * As `transaction`, but read-only, and all statements see the database as it was at the first of
   * them.
   */
  snapshot<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;

  /**
   * Runs `work` on one connection of its own with another statement timeout (0 = none), for
   * maintenance and migrations. The connection is closed afterwards.
   */
  session<T>(
    limits: { readonly statementTimeoutMs: number },
    work: (session: Queryable) => Promise<T>,
  ): Promise<T>;

  /**
   * The bytes that `COPY … TO STDOUT` sends, as they arrive. The statement timeout counts the time
   * the reader takes, so gather the chunks first. Ending the iteration early drops the connection.
   *
   * @throws POSTGRES_UNAVAILABLE when no bytes come for longer than a statement may take.
   */
  copyOut(sql: Sql): AsyncIterable<Buffer>;

  /**
   * A part that listens on a channel over a connection of its own and reconnects by itself.
   * `onNotify` gets each payload, and '' after every (re)connect, since notifications are lost
   * while nobody listens.
   */
  listen(channel: string, onNotify: (payload: string) => void): Part;

  /** Sends an empty notification, outside of any transaction. */
  notify(channel: string): Promise<void>;

  /** Resolves when the server answers a request. */
  ping(): Promise<void>;

  /** Closes all connections, at the latest after 2 s; calls in flight fail then. */
  close(): Promise<void>;
}
