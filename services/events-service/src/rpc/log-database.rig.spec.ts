import { outboxMigrations } from '@nova/outbox';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { serviceMigrations } from '../storage/migrate-log.ts';

/** A database of its own with the tables of the log, without events. */
export function logDatabase(): Promise<TestDatabase> {
  return testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'events-service', dir: serviceMigrations },
    ],
  });
}
