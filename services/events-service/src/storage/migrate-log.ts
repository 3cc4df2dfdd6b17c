import { outboxMigrations } from '@nova/outbox';
import { migrate, openDatabase } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';

/** Where the tables of the service itself are declared. */
export const serviceMigrations = new URL('../../migrations/', import.meta.url);

/** What migrating needs of a service's context. */
export interface MigrationContext {
  readonly config: {
    readonly databaseUrl: string;
    readonly migrationUrl: string | undefined;
    readonly databaseStatementTimeoutMs: number;
  };
  readonly logger: Logger;
}

/**
 * Brings the tables of the log and of the service up to date, as the owner of the database where
 * NOVA_EVENTS_MIGRATION_URL names one. Safe to repeat and to run from several places at once.
 */
export async function migrateLog({ config, logger }: MigrationContext): Promise<void> {
  const database = openDatabase({
    url: config.migrationUrl ?? config.databaseUrl,
    applicationName: 'events-service migrate',
    poolSize: 2,
    statementTimeoutMs: config.databaseStatementTimeoutMs,
    logger,
  });
  try {
    const ofLog = await migrate(database, outboxMigrations, { owner: 'outbox', logger });
    const own = await migrate(database, serviceMigrations, { owner: 'events-service', logger });
    const count = ofLog.length + own.length;
    logger.info({ component: 'migrate', count }, 'database is up to date');
  } finally {
    await database.close();
  }
}
