import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { silentLogger } from '@nova/telemetry';
import { type PrivatePostgres, privatePostgres } from '@nova/testkit';
import type { Database } from './database.ts';
import { errors } from './errors.ts';
import { openDatabase } from './open-database.ts';

const MANY = "COPY (SELECT n, repeat('x', 100) FROM generate_series(1, 200000) AS n) TO STDOUT";

let server: PrivatePostgres;
let database: Database;

beforeAll(async () => {
  server = await privatePostgres();
  database = openDatabase({
    url: server.url,
    applicationName: 'spec',
    poolSize: 1,
    statementTimeoutMs: 5000,
    acquireTimeoutMs: 20_000,
    logger: silentLogger,
  });
}, 60_000);
afterAll(async () => {
  await database.close();
  await server.remove();
}, 60_000);

async function gather(sql: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of database.copyOut(sql)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('copyOut', () => {
  it('gives all bytes, and the connection back', async () => {
    const lines = (await gather(MANY)).trimEnd().split('\n');
    expect(lines.length).toBe(200_000);
    expect(lines.at(-1)?.startsWith('200000\t')).toBe(true);
    expect(await gather('COPY (SELECT 1) TO STDOUT')).toBe('1\n');
    await database.ping();
  });

  it('may be left early', async () => {
    for await (const chunk of database.copyOut(MANY)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    // The pool has one connection: it was replaced.
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('throws what the server says, and the connection stays of use', async () => {
    const thrown = await gather('COPY (SELECT 1/0) TO STDOUT').catch((reason: unknown) => reason);
    expect(isNovaError(thrown, errors.POSTGRES_REFUSED)).toBe(true);
    await database.ping();
  });

  it('fails when the server is paused in the middle', async () => {
    const thrown = await (async () => {
      for await (const _ of database.copyOut(MANY)) server.pause();
    })().catch((reason: unknown) => reason);
    server.resume();
    expect(isNovaError(thrown, errors.POSTGRES_UNAVAILABLE)).toBe(true);
    await database.ping();
  }, 20_000);

  it('fails when the connection is lost in the middle', async () => {
    const other = openDatabase({
      url: server.url,
      applicationName: 'killer',
      poolSize: 1,
      statementTimeoutMs: 5000,
      acquireTimeoutMs: 20_000,
      logger: silentLogger,
    });
    const thrown = await (async () => {
      for await (const _ of database.copyOut(MANY)) {
        await other.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'spec'",
        );
      }
    })().catch((reason: unknown) => reason);
    expect(isNovaError(thrown, errors.POSTGRES_UNAVAILABLE)).toBe(true);
    await database.ping();
    await other.close();
  });
});
