import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase } from '@nova/postgres';
import { freePorts, type PostgresOptions, postgresServer, startServer } from '@nova/servers';
import { silentLogger } from '@nova/telemetry';
import { serverFolder } from './server-folder.ts';

describe('postgresServer', () => {
  const folder = serverFolder('access');
  const logFile = join(folder.path, 'log');
  let options: PostgresOptions;
  let stop: () => Promise<unknown> = () => Promise.resolve();

  const start = async (changes: Partial<PostgresOptions> = {}) => {
    await stop();
    options = { ...options, ...changes };
    const running = await startServer(postgresServer(options), { logFile, guard: folder.guard });
    stop = () => running.stop();
  };

  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    options = {
      dataDir: join(folder.path, 'with space/data'),
      port,
      superuserPassword: 'super-1',
      accounts: [
        { name: 'nova_events', password: 'events-1' },
        { name: 'nova_search', password: 'search-1' },
      ],
    };
    await start();
  }, 30_000);

  afterAll(async () => {
    await stop();
    folder.remove();
  });

  const ask = async (role: string, password: string, database: string, sql = 'SELECT 1 AS n') => {
    const url = `postgres://${role}:${password}@127.0.0.1:${options.port}/${database}`;
    const opened = openDatabase({
      url,
      poolSize: 1,
      statementTimeoutMs: 5000,
      acquireTimeoutMs: 20_000,
      applicationName: 'spec',
      logger: silentLogger,
    });
    try {
      return await opened.query(sql);
    } finally {
      await opened.close();
    }
  };

  it('lets a role into its own database, where it may make tables', async () => {
    await ask('nova_events', 'events-1', 'nova_events', 'CREATE TABLE kept (n integer)');
    expect(await ask('nova_events', 'events-1', 'nova_events')).toEqual([{ n: 1 }]);
  });

  it.each(['nova_search', 'postgres', 'template1'])('keeps it out of %s', async (database) => {
    await expect(ask('nova_events', 'events-1', database)).rejects.toThrow(/28000|42501/);
  });

  it.each(['search-1', 'super-1'])('refuses the password of another role, %s', async (password) => {
    await expect(ask('nova_events', password, 'nova_events')).rejects.toThrow(/28P01/);
  });

  it('lets nobody in without a password', async () => {
    await expect(ask('nova_events', '', 'nova_events')).rejects.toThrow();
    await expect(ask('postgres', '', 'postgres')).rejects.toThrow();
  });

  it('asserts what an acknowledged event relies on', async () => {
    const rows = await ask(
      'postgres',
      'super-1',
      'postgres',
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums') ORDER BY name",
    );
    expect(rows).toEqual(
      ['data_checksums', 'fsync', 'full_page_writes', 'synchronous_commit'].map((name) => ({
        name,
        setting: 'on',
      })),
    );
  });

  it('orders text by code point in UTF-8, whatever the locale of the machine', async () => {
    const rows = await ask(
      'nova_events',
      'events-1',
      'nova_events',
      "SELECT string_agg(t, '' ORDER BY t) AS t, upper('ä') AS u FROM (VALUES ('a'), ('B'), ('ä')) AS v(t)",
    );
    expect(rows).toEqual([{ t: 'Baä', u: 'Ä' }]);
  });

  it('takes new passwords and new databases at the next start, and keeps the data', async () => {
    const accounts = [
      { name: 'nova_events', password: 'events-2' },
      { name: 'nova_galaxy', password: 'galaxy-1' },
    ];
    await start({ superuserPassword: 'super-2', accounts });
    expect(await ask('nova_events', 'events-2', 'nova_events', 'SELECT * FROM kept')).toEqual([]);
    expect(await ask('nova_galaxy', 'galaxy-1', 'nova_galaxy')).toEqual([{ n: 1 }]);
    await expect(ask('nova_events', 'events-1', 'nova_events')).rejects.toThrow(/28P01/);
  }, 30_000);

  it('refuses the data of another version of PostgreSQL', async () => {
    await stop();
    writeFileSync(join(options.dataDir, 'PG_VERSION'), '17\n');
    await expect(postgresServer(options).prepare()).rejects.toMatchObject({
      code: 'NOVA_SERVERS_DATA_OTHER_VERSION',
    });
  });
});
