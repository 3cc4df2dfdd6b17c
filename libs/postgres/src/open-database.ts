import { NovaError } from '@nova/errors';
import {
  answerTimeoutMs,
  type Connections,
  type DatabaseOptions,
  openConnections,
  rowsOf,
  run,
  stateAfter,
} from './connections.ts';
import { copyOut } from './copy-out.ts';
import type { Database, Queryable } from './database.ts';
import { errors } from './errors.ts';
import { listener } from './listener.ts';
import { sqlStateOf } from './map-error.ts';
import { prepared, type Sql } from './sql.ts';

const notifySql = prepared("SELECT pg_notify($1, '')");

/**
 * Opens a database. Nothing is connected before the first call, so a server that is not there yet
 * shows as POSTGRES_UNAVAILABLE of a call, and calls work again once it is back.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const connections = openConnections(options, { isPipelined: true });
  const copying = openConnections(options, { isPipelined: false });
  const query = async <Row>(sql: Sql, params?: readonly unknown[]): Promise<Row[]> => {
    const lease = await connections.acquire();
    try {
      const rows = await lease.query<Row>(sql, params);
      lease.release('usable');
      return rows;
    } catch (thrown) {
      lease.release(stateAfter(thrown));
      throw thrown;
    }
  };
  return {
    query,
    transaction: (work) => transaction(connections, 'READ COMMITTED', work),
    snapshot: (work) => transaction(connections, 'REPEATABLE READ, READ ONLY', work),
    session: (limits, work) => session(connections, limits.statementTimeoutMs, work),
    copyOut: (sql) => copyOut(copying, sql, answerTimeoutMs(options.statementTimeoutMs)),
    listen: (channel, onNotify) => listener(options, channel, onNotify),
    async notify(channel) {
      await query(notifySql, [channel]);
    },
    async ping() {
      await query('SELECT 1');
    },
    async close() {
      await Promise.all([connections.close(), copying.close()]);
    },
  };
}

/** SQLSTATE of every statement behind one that has failed. */
const FAILED_TRANSACTION = '25P02';

async function transaction<T>(
  connections: Connections,
  mode: 'READ COMMITTED' | 'REPEATABLE READ, READ ONLY',
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  const lease = await connections.acquire();
  let firstFailure: unknown;
  const tx: Queryable = {
    query: (sql, params) =>
      lease.query<never>(sql, params).catch((thrown: unknown) => {
        firstFailure ??= thrown;
        throw thrown;
      }),
  };
  try {
    await run(lease.client, `BEGIN ISOLATION LEVEL ${mode}`);
    const result = await work(tx);
    const ended = await run(lease.client, 'COMMIT');
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (!Array.isArray(ended) && ended.command === 'ROLLBACK') {
      throw new NovaError(errors.POSTGRES_ROLLED_BACK);
    }
    lease.release('usable');
    return result;
  } catch (thrown) {
    // A connection that cannot even roll back is closed, which rolls back too.
    await run(lease.client, 'ROLLBACK').then(
      () => lease.release('usable'),
      () => lease.release('doubtful'),
    );
    // Of statements that were given together, the one that failed tells why; the others only that.
    throw sqlStateOf(thrown) === FAILED_TRANSACTION ? (firstFailure ?? thrown) : thrown;
  }
}

async function session<T>(
  connections: Connections,
  statementTimeoutMs: number,
  work: (session: Queryable) => Promise<T>,
): Promise<T> {
  const lease = await connections.acquire();
  const timeoutMs = answerTimeoutMs(statementTimeoutMs);
  // 0 would mean "the pool's"; the longest timer of Node means none.
  const clientTimeoutMs = timeoutMs === 0 ? 2 ** 31 - 1 : timeoutMs;
  try {
    await run(
      lease.client,
      `SET statement_timeout = ${statementTimeoutMs}; SET transaction_timeout = 0;
       SET lock_timeout = ${statementTimeoutMs}`,
    );
    return await work({
      query: async (sql, params) => rowsOf(await run(lease.client, sql, params, clientTimeoutMs)),
    });
  } finally {
    // Its limits differ from the pool's, so it must not go back.
    lease.release('doubtful');
  }
}
