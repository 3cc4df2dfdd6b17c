import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { append } from './append.ts';
import { outboxMigrations } from './index.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
}, 60_000);
afterAll(() => test.drop());

const aggregatesOf = (count: number) => Array.from({ length: count }, () => randomUUID());

const unitOf = (aggregateId: string, eventIdGiven = false) => ({
  conditions: [],
  mode: 'atomic' as const,
  events: [
    {
      ...{ eventId: newEventId(), eventIdGiven, eventType: 'item_created', schemaVersion: 1 },
      ...{ aggregateType: 'item', aggregateId, annotations: {} },
      ...{ payload: Buffer.from('{}'), source: '/nova/spec' },
    },
  ],
});

/** Appends 200 events of 20 aggregates, and tells how often their own table was looked into meanwhile. */
function looksIntoLog(eventIdGiven: boolean): Promise<number> {
  const units = aggregatesOf(20).flatMap((aggregate) =>
    Array.from({ length: 10 }, () => unitOf(aggregate, eventIdGiven)),
  );
  return test.database.transaction(async (tx) => {
    // Beside those of earlier transactions that the server has not added up yet.
    const looks = async () =>
      (
        await tx.query<{ looks: number }>(
          `SELECT sum(seq_scan + coalesce(idx_scan, 0))::integer AS looks
           FROM pg_stat_xact_user_tables WHERE relname LIKE 'outbox_events%'`,
        )
      )[0]?.looks ?? Number.NaN;
    const before = await looks();
    const results = await append(tx, units);
    expect(results.filter(({ outcome }) => outcome === 'stored')).toHaveLength(200);
    return (await looks()) - before;
  });
}

/** Blocks of the heads of log and aggregates that appends have read so far. */
async function headBlocksRead(database: Queryable): Promise<number> {
  await database.query('SELECT pg_stat_force_next_flush()');
  const [row] = await database.query<{ blocks: number }>(
    `SELECT sum(heap_blks_hit + heap_blks_read)::integer AS blocks FROM pg_statio_user_tables
     WHERE relname IN ('outbox_aggregates', 'outbox_log_state')`,
  );
  return row?.blocks ?? Number.NaN;
}

describe('an append', () => {
  it('looks into the log for its end only, where nobody can have sent the events before', async () => {
    // Once more where there is no end yet.
    expect(await looksIntoLog(false)).toBe(2);
    expect(await looksIntoLog(false)).toBe(1);
    // Ids that callers gave are looked for: so the count can be another one.
    expect(await looksIntoLog(true)).toBeGreaterThan(200);
  });

  // PostgreSQL may not clear away old versions of rows then.
  it('goes through no old versions of heads beside a snapshot that somebody holds', async () => {
    const aggregates = aggregatesOf(50);
    const held = Promise.withResolvers<void>();
    const holding = test.database.session({ statementTimeoutMs: 0 }, async (session) => {
      // A slow machine takes longer than a session may stand idle in a transaction.
      await session.query('SET idle_in_transaction_session_timeout = 0');
      await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await session.query('SELECT FROM outbox_lanes');
      await held.promise;
      await session.query('ROLLBACK');
    });
    await test.database.session({ statementTimeoutMs: 60_000 }, async (session) => {
      const grow = async (rounds: number) => {
        const before = await headBlocksRead(session);
        for (let round = 0; round < rounds; round += 1) {
          await append(
            session,
            aggregates.map((aggregate) => unitOf(aggregate)),
          );
        }
        return ((await headBlocksRead(session)) - before) / (rounds * aggregates.length);
      };
      await grow(200);
      // A look, and a change that finds no room in its block.
      expect(await grow(5)).toBeLessThan(8);
    });
    held.resolve();
    await holding;
  }, 60_000);

  // A transaction that notifies takes a lock of the whole server while it commits.
  it('notifies nobody: neither a function nor a trigger of the log does', async () => {
    const notifying = await test.database.query(
      `SELECT proname FROM pg_proc WHERE pronamespace = current_schema::regnamespace
       AND prosrc ~* '\\mnotify\\M|pg_notify'`,
    );
    const triggers = await test.database.query(
      'SELECT tgname FROM pg_trigger WHERE NOT tgisinternal',
    );
    const functions = await test.database.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM pg_proc
       WHERE pronamespace = current_schema::regnamespace AND proname LIKE 'outbox%'`,
    );
    expect({ notifying, triggers }).toEqual({ notifying: [], triggers: [] });
    expect(functions[0]?.count).toBeGreaterThan(5);
  });
});
