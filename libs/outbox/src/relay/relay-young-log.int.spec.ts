import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Database, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { createRelay, outboxMigrations } from '../index.ts';
import { FakePublisher } from '../testing/fake-publisher.ts';
import { aggregatesOf, appendRound } from '../testing/relay-load.rig.spec.ts';

const ROUNDS = 60;
const aggregates = aggregatesOf('young', 500);
const events = ROUNDS * aggregates.length;

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
  // As in the minute before autovacuum has looked at it.
  await test.database.query('ALTER TABLE outbox_events_p000000 SET (autovacuum_enabled = false)');
}, 60_000);
afterAll(() => test.drop());

it('reads a backlog once, also where PostgreSQL has no statistics of it yet', async () => {
  const append = async (database: Database) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await appendRound({ ...test, database }, 'relay_young', aggregates);
    }
  };
  await rowsReadBy(append);
  expect(await rowsReadBy(drain)).toBeLessThan(events * 1.5);
}, 60_000);

async function drain(database: Database): Promise<void> {
  const publisher = new FakePublisher();
  const relay = createRelay({ database, publisher, relayId: 'young', logger: silentLogger });
  await relay.start();
  await waitFor(() => publisher.arrived.length === events, {
    withinMs: 30_000,
    what: 'everything published',
  });
  await relay.stop();
}

/** Rows of the log that the work's sessions have read; known when they have ended. */
async function rowsReadBy(work: (database: Database) => Promise<void>): Promise<number> {
  const before = await rowsRead();
  const database = openDatabase({
    url: test.url,
    poolSize: 8,
    statementTimeoutMs: 30_000,
    applicationName: 'young',
    logger: silentLogger,
  });
  await work(database);
  await database.close();
  await waitFor(async () => (await sessions()) === 0n, {
    withinMs: 10_000,
    what: 'its sessions ended',
  });
  return (await rowsRead()) - before;
}

async function rowsRead(): Promise<number> {
  const [row] = await test.database.query<{ rows: bigint }>(
    `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows
     FROM pg_stat_user_tables WHERE relname = 'outbox_events_p000000'`,
  );
  return Number(row?.rows);
}

async function sessions(): Promise<bigint | undefined> {
  const [row] = await test.database.query<{ sessions: bigint }>(
    `SELECT count(*) AS sessions FROM pg_stat_activity WHERE application_name = 'young'`,
  );
  return row?.sessions;
}
