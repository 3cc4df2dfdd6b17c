import { NovaError } from '@nova/errors';
import {
  answerTimeoutMs,
  type Connections,
  type DatabaseOptions,
  type Lease,
  openConnections,
  rowsOf,
  run,
  stateAfter,
} from './connections.ts';
import { copyIn } from './copy-in.ts';
import { copyOut } from './copy-out.ts';
import type { BulkTransaction, Database, Queryable } from './database.ts';
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
    transaction: (work) => transaction(connections, 'READ COMMITTED', asking, work),
    bulk: (work) => transaction(copying, 'READ COMMITTED', askingAndCopying, work),
    snapshot: (work) => transaction(connections, 'REPEATABLE READ, READ ONLY', asking, work),
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

/** What a transaction is used by. */
interface Talk<Tx> {
  readonly tx: Tx;
  /** Resolves when nothing that was given to it is still to be sent. */
  idle(): Promise<unknown>;
}

type Failed = (thrown: unknown) => never;

const asking = (lease: Lease, failed: Failed): Talk<Queryable> => ({
  tx: { query: (sql, params) => lease.query<never>(sql, params).catch(failed) },
  idle: () => Promise.resolve(),
});

// Such a connection takes a statement when the one before it is answered. Behind one that has failed
// none would be carried out: a server that is silent is waited for once.
const askingAndCopying = (lease: Lease, failed: Failed): Talk<BulkTransaction> => {
  let before: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = before.then(work).catch(failed);
    before = done;
    return done;
  };
  return {
    tx: {
      query: (sql, params) => inTurn(() => lease.query<never>(sql, params)),
      copyIn: (sql, text) => inTurn(() => copyIn(lease, sql, text)),
    },
    idle: () => before.catch(() => {}),
  };
};

async function transaction<T, Tx>(
  connections: Connections,
  mode: 'READ COMMITTED' | 'REPEATABLE READ, READ ONLY',
  over: (lease: Lease, failed: Failed) => Talk<Tx>,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const lease = await connections.acquire();
  let firstFailure: unknown;
  const { tx, idle } = over(lease, (thrown) => {
    firstFailure ??= thrown;
    throw thrown;
  });
  try {
    await run(lease.client, `BEGIN ISOLATION LEVEL ${mode}`);
    const result = await work(tx);
    await idle();
    const ended = await run(lease.client, 'COMMIT');
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (!Array.isArray(ended) && ended.command === 'ROLLBACK') {
      throw new NovaError(errors.POSTGRES_ROLLED_BACK);
    }
    lease.release('usable');
    return result;
  } catch (thrown) {
    await idle();
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
