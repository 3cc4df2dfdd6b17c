/**
 * PostgreSQL: a pool whose every call ends in known time, transactions, COPY, LISTEN/NOTIFY and
 * migrations.
 *
 *   server gone     a call fails with POSTGRES_UNAVAILABLE; the pool reconnects with the next call
 *   server paused   the same, within statement timeout + 1.3 s; the silent connection is closed
 *   slow statement  the server ends it (POSTGRES_TIMEOUT), before the client gives up
 *   stopped client  the server ends its transaction after at most 5 s, so that it holds no lock
 *
 * The driver is imported here only, and its errors are turned into NovaErrors in `map-error.ts`.
 */
export type { DatabaseOptions } from './connections.ts';
export type { BulkTransaction, Database, Queryable } from './database.ts';
export { errors } from './errors.ts';
export { sqlStateOf } from './map-error.ts';
export { migrate } from './migrate.ts';
export { openDatabase } from './open-database.ts';
export { type DatabaseSettings, databaseSettings } from './settings.ts';
export { loadSql, type PreparedSql, prepared, type Sql, type SqlFile } from './sql.ts';
