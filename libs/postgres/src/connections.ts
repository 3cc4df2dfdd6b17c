import type { Socket } from 'node:net';
import { NovaError } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import pg from 'pg';
import { errors } from './errors.ts';
import { leavesConnectionUsable, mapError } from './map-error.ts';
import { preparedName, type Sql, textOf } from './sql.ts';
import { valueTypes } from './value-types.ts';

/** What `openDatabase` needs to know. */
export interface DatabaseOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly poolSize: number;
  /**
   * The server ends a statement after this time. The client gives up CLIENT_MARGIN_MS later, so
   * that in all cases but a silent server the outcome is known.
   */
  readonly statementTimeoutMs: number;
  /** Longest wait for a free or new connection; ACQUIRE_TIMEOUT_MS unless told. */
  readonly acquireTimeoutMs?: number;
  readonly logger: Logger;
}

/** How much later than the server the client gives up. */
const CLIENT_MARGIN_MS = 300;
/** Usual for a service: with 1,500 ms for a statement a call ends in 2.8 s. */
const ACQUIRE_TIMEOUT_MS = 1000;
const CLOSE_WITHIN_MS = 2000;
/** A connection has plans cached and is worth keeping. */
const IDLE_TIMEOUT_MS = 60_000;

/** How long the client waits for the answer to a statement; 0 = for ever. */
export function answerTimeoutMs(statementTimeoutMs: number): number {
  return statementTimeoutMs === 0 ? 0 : statementTimeoutMs + CLIENT_MARGIN_MS;
}

/** Settings of every connection. The server's own limits hold also when the client is stopped. */
export function connectionConfig(options: DatabaseOptions): pg.ClientConfig {
  const { statementTimeoutMs: limit } = options;
  const limits = {
    statement_timeout: limit,
    lock_timeout: Math.ceil(limit * 0.8),
    transaction_timeout: Math.max(5000, limit * 2),
    idle_in_transaction_session_timeout: 5000,
  };
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    options: Object.entries(limits)
      .map(([name, ms]) => `-c ${name}=${ms}`)
      .join(' '),
    connectionTimeoutMillis: options.acquireTimeoutMs ?? ACQUIRE_TIMEOUT_MS,
    query_timeout: answerTimeoutMs(limit),
    keepAlive: true,
    types: valueTypes,
  };
}

/** A connection taken from the pool. */
export interface Lease {
  readonly client: pg.PoolClient;
  query<Row>(sql: Sql, params?: readonly unknown[]): Promise<Row[]>;
  /** Gives the connection back, or closes it when what happened on it leaves it in doubt. */
  release(state: 'usable' | 'doubtful'): void;
}

/** The pool with its traps handled: see the comments. */
export interface Connections {
  acquire(): Promise<Lease>;
  close(): Promise<void>;
}

/**
 * Opens a pool; no connection is made before it is needed. On a pipelined connection statements that
 * are given together go to the server in one write and are answered one after the other; COPY needs
 * one that is not.
 */
export function openConnections(
  options: DatabaseOptions,
  { isPipelined }: { readonly isPipelined: boolean },
): Connections {
  const log = options.logger.child({ component: 'postgres' });
  // Known to the driver, not to its types.
  const pipelining: object = { pipeline: isPipelined };
  const pool = new pg.Pool({
    ...connectionConfig(options),
    ...pipelining,
    max: options.poolSize,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
  });
  const clients = new Set<pg.PoolClient>();
  const lost = (thrown: Error) => {
    log.warn({ err: thrown, error_code: errors.POSTGRES_UNAVAILABLE.code }, 'connection lost');
  };
  // Without this listener an idle connection that the server closes ends the process.
  pool.on('error', lost);
  pool.on('connect', (client) => {
    clients.add(client);
    // The pool takes its own listener off while a connection is checked out; an error then would
    // end the process. Whoever uses the connection gets the error from its call.
    client.on('error', lost);
  });
  pool.on('remove', (client) => clients.delete(client));

  return {
    async acquire() {
      try {
        return lease(await pool.connect());
      } catch (thrown) {
        throw mapError(thrown);
      }
    },
    async close() {
      const ended = pool.end();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_WITHIN_MS);
      });
      await Promise.race([ended, late]);
      clearTimeout(timer);
      // A paused server never answers the goodbye; without this its sockets keep the process alive.
      for (const client of clients) destroySocket(client);
    },
  };
}

function lease(client: pg.PoolClient): Lease {
  let released = false;
  return {
    client,
    async query<Row>(sql: Sql, params: readonly unknown[] = []): Promise<Row[]> {
      if (released) throw new NovaError(errors.POSTGRES_UNAVAILABLE);
      sendTogether(client);
      return rowsOf<Row>(await run(client, sql, params));
    },
    release(state) {
      if (released) return;
      released = true;
      client.release(state === 'doubtful');
    },
  };
}

/** Runs one statement on one connection and maps its failure. */
export async function run(
  client: pg.ClientBase,
  sql: Sql,
  params: readonly unknown[] = [],
  timeoutMs?: number,
): Promise<pg.QueryResult | pg.QueryResult[]> {
  const name = preparedName(sql);
  const query = {
    text: textOf(sql),
    ...(name === undefined ? {} : { name }),
    ...(params.length > 0 ? { values: [...params] } : {}),
    // Known to the driver, not to its types.
    ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
  };
  try {
    return await client.query(query);
  } catch (thrown) {
    throw mapError(thrown);
  }
}

/** The rows of an answer; of several statements in one text, those of the last. */
export function rowsOf<Row>(result: pg.QueryResult | pg.QueryResult[]): Row[] {
  const last = Array.isArray(result) ? result.at(-1) : result;
  // The statement decides what its rows look like; the caller names the type beside it.
  return (last?.rows ?? []) as Row[];
}

/** How to give a connection back after `thrown` happened on it. */
export function stateAfter(thrown: unknown): 'usable' | 'doubtful' {
  return leavesConnectionUsable(thrown) ? 'usable' : 'doubtful';
}

/** Ends a connection without waiting for the server. */
export function destroySocket(client: pg.ClientBase): void {
  socketOf(client)?.destroy();
}

const corked = new WeakSet<Socket>();

/** Lets what is written until the end of this turn of the event loop leave in one packet. */
function sendTogether(client: pg.ClientBase): void {
  const socket = socketOf(client);
  if (socket === undefined || corked.has(socket)) return;
  corked.add(socket);
  socket.cork();
  process.nextTick(() => {
    corked.delete(socket);
    socket.uncork();
  });
}

function socketOf(client: pg.ClientBase): Socket | undefined {
  // Part of the driver's surface (its documentation uses it) but not of its types.
  const { connection } = client as unknown as { connection?: { stream?: Socket } };
  return connection?.stream;
}
