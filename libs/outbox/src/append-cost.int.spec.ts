import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { append } from './append.ts';
import { outboxMigrations } from './index.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
}, 60_000);
afterAll(() => test.drop());

/** Appends 200 events of 20 aggregates, and tells how often their own table was looked into meanwhile. */
function looksIntoLog(eventIdGiven: boolean): Promise<number> {
  const aggregates = Array.from({ length: 20 }, () => randomUUID());
  const units = Array.from({ length: 200 }, (_, n) => ({
    conditions: [],
    mode: 'atomic' as const,
    events: [
      {
        ...{ eventId: newEventId(), eventIdGiven, eventType: 'item_created', schemaVersion: 1 },
        ...{ aggregateType: 'item', aggregateId: aggregates[n % 20] ?? '', annotations: {} },
        ...{ payload: Buffer.from('{}'), source: '/nova/spec' },
      },
    ],
  }));
  return test.database.transaction(async (tx) => {
    const results = await append(tx, units);
    expect(results.filter(({ outcome }) => outcome === 'stored')).toHaveLength(200);
    const [row] = await tx.query<{ looks: number }>(
      `SELECT sum(seq_scan + coalesce(idx_scan, 0))::integer AS looks
       FROM pg_stat_xact_user_tables WHERE relname LIKE 'outbox_events%'`,
    );
    return row?.looks ?? Number.NaN;
  });
}

describe('an append', () => {
  it('does not look into the log for events that nobody can have sent before', async () => {
    expect(await looksIntoLog(false)).toBe(0);
    expect(await looksIntoLog(false)).toBe(0);
    // Ids that callers gave are looked for: so the count can be other than none.
    expect(await looksIntoLog(true)).toBeGreaterThan(0);
  });

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
