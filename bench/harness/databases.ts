import { type Database, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { BENCH_ROLE } from './servers.ts';
import type { Stage } from './stage.ts';

/** A pool for benchmarks: statements may take long, since whole backlogs are written. */
export function openPool(url: string, poolSize = 8): Database {
  return openDatabase({
    url,
    applicationName: 'bench',
    poolSize,
    statementTimeoutMs: 120_000,
    logger: silentLogger,
  });
}

/** A database of one turn. */
export interface BenchDatabase {
  readonly url: string;
  readonly database: Database;
  drop(): Promise<void>;
}

let made = 0;

/** Makes a database, empty or as a copy of another one to which nobody is connected. */
export async function makeDatabase(
  { servers }: Pick<Stage, 'servers'>,
  template?: string,
): Promise<BenchDatabase> {
  made += 1;
  const name = `bench_${process.pid}_${made}`;
  const admin = openPool(servers.postgres.adminUrl, 1);
  const from = template === undefined ? '' : ` TEMPLATE ${template} STRATEGY = file_copy`;
  try {
    await admin.query(`CREATE DATABASE ${name} OWNER ${BENCH_ROLE}${from}`);
  } catch (thrown) {
    await admin.close();
    throw thrown;
  }
  const url = new URL(servers.postgres.url);
  url.pathname = `/${name}`;
  const database = openPool(url.href);
  return {
    url: url.href,
    database,
    async drop() {
      await database.close();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.close();
    },
  };
}

/** Bytes of write-ahead log that the server has written so far. */
export async function walBytes(database: Database): Promise<number> {
  const [row] = await database.query<{ bytes: bigint }>(
    "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS bytes",
  );
  return Number(row?.bytes ?? 0);
}

/** Transactions that the server has counted for this database, those of benchmarks included. */
export async function transactions(database: Database): Promise<number> {
  const [row] = await database.query<{ count: bigint }>(
    `SELECT xact_commit + xact_rollback AS count FROM pg_stat_database
     WHERE datname = current_database()`,
  );
  return Number(row?.count ?? 0);
}
