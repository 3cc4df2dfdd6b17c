import { type Database, migrate } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';

/** Where the tables of the outbox are defined, one SQL file per step. */
export const localOutboxMigrations = new URL('../../local-migrations/', import.meta.url);

/** Makes the tables of the outbox, or brings them up to date. Every instance may call it at start. */
export async function installLocalOutbox(database: Database, logger: Logger): Promise<void> {
  await migrate(database, localOutboxMigrations, { owner: 'local-outbox', logger });
}
