import { loadConfig } from '@nova/config';
import { NovaError } from '@nova/errors';
import { type Database, databaseSettings, openDatabase, sqlStateOf } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { errors } from '../errors.ts';
import { type Invocation, wrongUse } from '../verb.ts';

/** PostgreSQL: there is no such table. */
const UNDEFINED_TABLE = '42P01';

/**
 * Gives `work` the database of a team's service, found as the service itself finds it: by
 * NOVA_<SERVICE>_DATABASE_URL. Nova has no way to it of its own, and needs none: the outbox is the
 * team's.
 *
 * @throws CLI_WRONG_USE, CONFIG_INVALID, CLI_NO_OUTBOX, what statements throw
 */
export async function withTeamOutbox<T>(
  { environment }: Pick<Invocation, 'environment'>,
  service: string | undefined,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  if (service === undefined || !/^[a-z][a-z0-9-]*$/.test(service)) {
    throw wrongUse(`a service is named in lower case with dashes: ${service}`);
  }
  const settings = { ...databaseSettings(service.toUpperCase().replaceAll('-', '_')) };
  const config = loadConfig(settings, [], environment);
  const database = openDatabase({
    url: config.databaseUrl,
    applicationName: 'nova outbox',
    poolSize: 1,
    statementTimeoutMs: config.databaseStatementTimeoutMs,
    logger: silentLogger,
  });
  try {
    return await work(database);
  } catch (thrown) {
    if (sqlStateOf(thrown) !== UNDEFINED_TABLE) throw thrown;
    throw new NovaError(errors.CLI_NO_OUTBOX, { service });
  } finally {
    await database.close();
  }
}
