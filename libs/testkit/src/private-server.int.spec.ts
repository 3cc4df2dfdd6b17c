import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { type PrivatePostgres, privatePostgres } from './private-server.ts';
import { type TestDatabase, testDatabase } from './test-database.ts';
import { waitFor } from './wait-for.ts';

describe('privatePostgres', () => {
  let server: PrivatePostgres;
  let spec: TestDatabase;

  beforeAll(async () => {
    server = await privatePostgres();
    spec = await testDatabase({ on: server });
    await spec.database.query('CREATE TABLE acknowledged (n integer)');
  }, 30_000);

  afterAll(async () => {
    await spec.drop();
    await server.remove();
    expect(existsSync(dirname(server.logFile))).toBe(false);
  });

  const count = async () =>
    (await spec.database.query<{ n: bigint }>('SELECT count(*) AS n FROM acknowledged'))[0]?.n;

  it('keeps what was acknowledged through kill -9 in the middle of writing', async () => {
    let acknowledged = 0;
    const writer = (async () => {
      for (;;) {
        await spec.database.query('INSERT INTO acknowledged VALUES (1)');
        acknowledged += 1;
      }
    })();
    await waitFor(() => acknowledged >= 50, { withinMs: 10_000, what: '50 rows' });
    await server.kill();
    await expect(writer).rejects.toThrow();
    await server.restart();
    const stored = Number(await count());
    // One more at most: stored, but its answer never came.
    expect([acknowledged, acknowledged + 1]).toContain(stored);
  }, 30_000);

  it('answers nothing while paused, and goes on afterwards', async () => {
    const impatient = await testDatabase({ on: server, statementTimeoutMs: 1000 });
    server.pause();
    await expect(impatient.database.query('SELECT 1')).rejects.toThrow();
    server.resume();
    await waitFor(count, { withinMs: 10_000, what: 'an answer' });
    await impatient.drop();
  }, 30_000);

  it('starts although postmaster.pid names another living process', async () => {
    await server.kill();
    const lock = join(dirname(server.logFile), 'data/postmaster.pid');
    // Not this process: PostgreSQL knows that its own parent cannot be an old server.
    const text = readFileSync(lock, 'utf8');
    writeFileSync(lock, text.replace(/^\d+/, String(process.ppid)));
    await server.restart();
    await waitFor(count, { withinMs: 10_000, what: 'an answer' });
  }, 30_000);

  it('starts although a backend of the killed server is still there', async () => {
    server.pause();
    // Stopped backends stay when only their server is killed.
    process.kill(server.pid, 'SIGKILL');
    await waitFor(() => !existsSync(`/proc/${server.pid}/exe`), {
      withinMs: 5000,
      what: 'the end of the server',
    }).catch(() => {});
    await server.restart();
    await waitFor(count, { withinMs: 10_000, what: 'an answer' });
  }, 30_000);
});

describe('testPostgres', () => {
  it('gives specs a role that is no superuser', async () => {
    const spec = await testDatabase();
    const rows = await spec.database.query('SELECT rolsuper FROM pg_roles WHERE rolname = user');
    expect(rows).toEqual([{ rolsuper: false }]);
    await spec.drop();
    const gone: Database = openDatabase({
      url: spec.url,
      poolSize: 1,
      statementTimeoutMs: 1000,
      acquireTimeoutMs: 20_000,
      applicationName: 'spec',
      logger: silentLogger,
    });
    await expect(gone.ping()).rejects.toThrow(/3D000/);
    await gone.close();
  });
});
