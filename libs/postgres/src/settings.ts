import { type Setting, setting } from '@nova/config';

/** The settings of one database. */
export interface DatabaseSettings {
  readonly databaseUrl: Setting<string>;
  readonly databasePoolSize: Setting<number>;
  readonly databaseStatementTimeoutMs: Setting<number>;
}

/** Settings `NOVA_<AREA>_DATABASE_…`, for example `databaseSettings('EVENTS')`. */
export function databaseSettings(area: string): DatabaseSettings {
  return {
    databaseUrl: setting.url({
      env: `NOVA_${area}_DATABASE_URL`,
      doc: 'PostgreSQL database, with role and password',
      protocols: ['postgres', 'postgresql'],
      secret: true,
    }),
    databasePoolSize: setting.integer({
      env: `NOVA_${area}_DATABASE_POOL_SIZE`,
      doc: 'connections to the database, at most',
      default: 8,
      min: 1,
      max: 200,
    }),
    databaseStatementTimeoutMs: setting.integer({
      env: `NOVA_${area}_DATABASE_STATEMENT_TIMEOUT_MS`,
      doc: 'the server ends a statement after this time; the client gives up 300 ms later',
      default: 1500,
      min: 100,
      max: 60_000,
    }),
  };
}
