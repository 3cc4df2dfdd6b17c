import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { NovaError } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import type { Database, Queryable } from './database.ts';
import { errors } from './errors.ts';

/** Longest time for one statement of a migration, waiting for another migrating process included. */
const MIGRATION_TIMEOUT_MS = 120_000;
// Any constant; the same for all owners, so that two processes never migrate one database at once.
const ADVISORY_LOCK = 6_115_112_101_118_097n;

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/**
 * Applies the `NNNN_name.sql` files of a directory that are not yet applied, in order, each in a
 * transaction of its own with its entry in `nova_migrations`. Several processes may call it at the
 * same time: an advisory lock lets one go first. A file with SQL that cannot run in a transaction
 * is not supported.
 *
 * @param owner the lib or service that owns the tables
 * @returns the names of the files applied by this call
 * @throws POSTGRES_MIGRATION_CHANGED, POSTGRES_MIGRATION_UNKNOWN, POSTGRES_MIGRATION_MISNAMED
 */
export async function migrate(
  database: Database,
  migrations: URL,
  { owner, logger }: { readonly owner: string; readonly logger: Logger },
): Promise<readonly string[]> {
  const files = readMigrations(migrations, owner);
  const log = logger.child({ component: 'postgres' });
  return database.session({ statementTimeoutMs: MIGRATION_TIMEOUT_MS }, async (session) => {
    // Released with the session's connection.
    await session.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    const pending = files.slice(await countApplied(session, owner, files));
    for (const file of pending) {
      await apply(session, owner, file);
      log.info({ name: `${owner}/${file.name}` }, 'migration applied');
    }
    return pending.map((file) => file.name);
  });
}

async function countApplied(
  session: Queryable,
  owner: string,
  files: readonly Migration[],
): Promise<number> {
  await session.query(`
    CREATE TABLE IF NOT EXISTS nova_migrations (
      owner      text        NOT NULL,
      name       text        NOT NULL,
      checksum   text        NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (owner, name)
    )`);
  const applied = await session.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM nova_migrations WHERE owner = $1 ORDER BY name',
    [owner],
  );
  for (const [index, { name, checksum }] of applied.entries()) {
    const file = files[index];
    if (file?.name !== name) {
      throw new NovaError(errors.POSTGRES_MIGRATION_UNKNOWN, { owner, name });
    }
    if (file.checksum !== checksum) {
      throw new NovaError(errors.POSTGRES_MIGRATION_CHANGED, { owner, name });
    }
  }
  return applied.length;
}

async function apply(session: Queryable, owner: string, file: Migration): Promise<void> {
  await session.query('BEGIN');
  try {
    await session.query(file.text);
    await session.query('INSERT INTO nova_migrations (owner, name, checksum) VALUES ($1, $2, $3)', [
      owner,
      file.name,
      file.checksum,
    ]);
    await session.query('COMMIT');
  } catch (thrown) {
    // The session's connection is closed afterwards, which rolls back as well.
    await session.query('ROLLBACK').catch(() => {});
    throw thrown;
  }
}

function readMigrations(directory: URL, owner: string): readonly Migration[] {
  const base = new URL(directory.href.endsWith('/') ? directory : `${directory.href}/`);
  const names = readdirSync(base)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    if (!name.startsWith(`${String(index + 1).padStart(4, '0')}_`)) {
      throw new NovaError(errors.POSTGRES_MIGRATION_MISNAMED, { owner, name });
    }
    const text = readFileSync(new URL(name, base), 'utf8');
    return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
  });
}
