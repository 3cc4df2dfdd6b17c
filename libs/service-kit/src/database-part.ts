import type { Part, Probe } from '@nova/lifecycle';
import { type Database, openDatabase } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';

/** The values of `databaseSettings`. */
export interface DatabaseConfig {
  readonly databaseUrl: string;
  readonly databasePoolSize: number;
  readonly databaseStatementTimeoutMs: number;
}

/** A database with what a service needs around it. */
export interface ServiceDatabase {
  readonly database: Database;
  /** First among the parts: closed after everything that uses it has stopped. */
  readonly part: Part;
  /** Without its database a service is down; a paused one shows within 3 s. */
  readonly probe: Probe;
}

/** Opens a service's database. Nothing is connected before the first call. */
export function databasePart(
  config: DatabaseConfig,
  { name, logger }: { readonly name: string; readonly logger: Logger },
): ServiceDatabase {
  const database = openDatabase({
    url: config.databaseUrl,
    applicationName: name,
    poolSize: config.databasePoolSize,
    statementTimeoutMs: config.databaseStatementTimeoutMs,
    logger,
  });
  return {
    database,
    part: { name: 'database', start: () => Promise.resolve(), stop: () => database.close() },
    probe: { name: 'postgres', check: () => database.ping(), whenFailing: 'down' },
  };
}
