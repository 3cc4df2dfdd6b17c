import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { type PrivatePostgres, privatePostgres } from '@nova/testkit';
import type { Database } from './database.ts';
import { openDatabase } from './open-database.ts';

const COPY = 'COPY numbers FROM STDIN';
const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => `${from + n}\t${'x'.repeat(100)}\n`).join('');

let server: PrivatePostgres;
let database: Database;

const open = (statementTimeoutMs: number) =>
  openDatabase({
    url: server.url,
    applicationName: 'spec',
    poolSize: 1,
    statementTimeoutMs,
    acquireTimeoutMs: 20_000,
    logger: silentLogger,
  });

beforeAll(async () => {
  server = await privatePostgres();
  database = open(30_000);
  await database.query('CREATE TABLE numbers (n integer PRIMARY KEY, text text)');
}, 60_000);
afterAll(async () => {
  await database.close();
  await server.remove();
}, 60_000);

const counted = async () => {
  const [row] = await database.query<{ count: bigint }>('SELECT count(*) AS count FROM numbers');
  return Number(row?.count);
};

describe('copyIn', () => {
  it('takes rows in the order of the statements around it, and all with the transaction', async () => {
    const before = await database.bulk(async (tx) => {
      const [, rows] = await Promise.all([
        tx.copyIn(COPY, lines(0, 100_000)),
        tx.query<{ count: bigint }>('SELECT count(*) AS count FROM numbers'),
        tx.copyIn(COPY, lines(100_000, 1)),
      ]);
      return Number(rows[0]?.count);
    });
    expect(before).toBe(100_000);
    expect(await counted()).toBe(100_001);
    const ended = database.bulk(async (tx) => {
      await tx.copyIn(COPY, lines(200_000, 10));
      throw new RangeError('no');
    });
    await expect(ended).rejects.toThrow(RangeError);
    expect(await counted()).toBe(100_001);
  });

  it('throws what the server says, and the connection stays of use', async () => {
    const refused = database.bulk(async (tx) => {
      await Promise.all([
        tx.copyIn(COPY, `${lines(300_000, 50_000)}seven\tx\n`),
        tx.query('SELECT 1'),
      ]);
    });
    await expect(refused).rejects.toMatchObject({
      code: 'NOVA_POSTGRES_REFUSED',
      params: { sqlstate: '22P02' },
    });
    await database.bulk((tx) => tx.copyIn(COPY, lines(400_000, 1)));
    expect(await counted()).toBe(100_002);
  });

  it('gives up on a server that is paused, and goes on with it afterwards', async () => {
    const begun = await counted();
    const hasty = open(2000);
    const hanging = hasty.bulk(async (tx) => {
      await tx.query('SELECT 1');
      server.pause();
      await tx.copyIn(COPY, lines(500_000, 200_000));
    });
    await expect(hanging).rejects.toMatchObject({ code: 'NOVA_POSTGRES_UNAVAILABLE' });
    server.resume();
    await hasty.bulk((tx) => tx.copyIn(COPY, lines(600_000, 1)));
    expect(await counted()).toBe(begun + 1);
    await hasty.close();
  }, 30_000);
});
