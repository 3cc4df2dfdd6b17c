import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { type Database, migrate, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { randomName } from './random-name.ts';
import { testPostgres } from './spec-servers.ts';
import { withDatabase } from './start-postgres.ts';
import { waitFor } from './wait-for.ts';

/** Migrations of one owner, as `migrate` of @nova/postgres takes them. */
export interface TestMigrations {
  readonly owner: string;
  readonly dir: URL;
}

/** What a test database is made of. */
export interface TestDatabaseOptions {
  /** Applied once per run into a template, which is then cloned for each spec file. */
  readonly migrations?: readonly TestMigrations[];
  /** A server other than the shared one: its `url`, for example of `privatePostgres()`. */
  readonly on?: { readonly url: string };
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
}

/** A database of its own for one spec file. */
export interface TestDatabase {
  readonly url: string;
  /** An open pool; `drop` closes it. */
  readonly database: Database;
  /** Keeps what the database has now, to be put back later. Ends all connections for a moment. */
  backUp(): Promise<DatabaseBackup>;
  /** Closes the pool and forgets the database, whoever is still connected. Call it in afterAll. */
  drop(): Promise<void>;
}

/** A copy of a database, made at one moment. */
export interface DatabaseBackup {
  /** Puts it in the database's place, under the same URL, whoever is connected. Once only. */
  restore(): Promise<void>;
}

/** Makes a database for one spec file, migrated, in about 50 ms (the first of its kind 0.5 s). */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { url: serverUrl } = options.on ?? (await testPostgres());
  const admin = await connect(serverUrl, 2, 30_000);
  const name = randomName('spec');
  try {
    const template = await templateOf(options.migrations ?? [], admin, serverUrl);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  } catch (thrown) {
    await admin.close();
    throw thrown;
  }
  const url = withDatabase(serverUrl, name);
  const { poolSize = 8, statementTimeoutMs = 5000 } = options;
  const database = await connect(url, poolSize, statementTimeoutMs).catch(
    async (thrown: unknown) => {
      await admin.close();
      throw thrown;
    },
  );
  const backups: string[] = [];
  return {
    url,
    database,
    async backUp() {
      const copy = randomName('backup');
      backups.push(copy);
      try {
        await cutOff(admin, name);
        await admin.query(`CREATE DATABASE ${copy} TEMPLATE ${name}`);
      } finally {
        await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      }
      return {
        async restore() {
          // WITH (FORCE) is refused while autovacuum is at work there, which this waits for.
          await cutOff(admin, name);
          await admin.query(`DROP DATABASE ${name}`);
          await admin.query(`ALTER DATABASE ${copy} RENAME TO ${name}`);
        },
      };
    },
    async drop() {
      await database.close();
      for (const copy of backups) {
        await admin.query(`DROP DATABASE IF EXISTS ${copy}`).catch(ignoreGoneServer);
      }
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(ignoreGoneServer);
      await admin.close();
    },
  };
}

/** Nobody may connect to a database that is copied or dropped, and whoever is has to go. */
async function cutOff(admin: Database, name: string): Promise<void> {
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await admin.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE datname = '${name}' AND backend_type = 'client backend'`,
  );
}

// Any constant: spec files that need the same template at the same time make it one after the other.
const TEMPLATE_LOCK = 727_274n;

async function templateOf(
  migrations: readonly TestMigrations[],
  admin: Database,
  serverUrl: string,
): Promise<string> {
  if (migrations.length === 0) return 'template1';
  const name = `template_${hashOf(migrations)}`;
  await admin.session({ statementTimeoutMs: 60_000 }, async (session) => {
    await session.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await session.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.length > 0) return;
    const unfinished = `${name}_new`;
    await session.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await session.query(`CREATE DATABASE ${unfinished}`);
    const database = await connect(withDatabase(serverUrl, unfinished), 2, 30_000);
    try {
      for (const { owner, dir } of migrations) {
        await migrate(database, dir, { owner, logger: silentLogger });
      }
    } finally {
      await database.close();
    }
    await session.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
  });
  return name;
}

function hashOf(migrations: readonly TestMigrations[]): string {
  const hash = createHash('sha256');
  for (const { owner, dir } of migrations) {
    const base = new URL(dir.href.endsWith('/') ? dir : `${dir.href}/`);
    hash.update(`${owner}\n`);
    for (const name of readdirSync(base).sort()) {
      hash.update(`${name}\n`).update(readFileSync(new URL(name, base)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** A machine that is busy with other specs takes longer for a new connection than a call may wait. */
const ACQUIRE_TIMEOUT_MS = 3000;

/** Opens a pool with a connection, however long its first may take. */
async function connect(
  url: string,
  poolSize: number,
  statementTimeoutMs: number,
): Promise<Database> {
  const database = openDatabase({
    url,
    poolSize,
    statementTimeoutMs,
    acquireTimeoutMs: ACQUIRE_TIMEOUT_MS,
    applicationName: 'spec',
    logger: silentLogger,
  });
  try {
    const answered = () => database.ping().then(() => true);
    await waitFor(answered, { withinMs: 20_000, what: 'a connection to PostgreSQL' });
    return database;
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
}

/** A spec that ended the server on purpose has nothing left to drop. */
function ignoreGoneServer(): void {}
