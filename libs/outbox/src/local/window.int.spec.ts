import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Queryable } from '@nova/postgres';
import { type PrivatePostgres, type TestDatabase, testDatabase } from '@nova/testkit';
import { append } from './append.ts';
import { localOutboxMigrations } from './install.ts';
import { naiveReaders, type OutboxReader, snapshotWindows } from './testing/outbox-readers.ts';
import { race, serverForRaces } from './testing/race.rig.spec.ts';

const ONE = '11111111-2222-4333-8444-555555555555';
const migrations = [{ owner: 'local-outbox', dir: localOutboxMigrations }];

/** A transaction whose statements a spec puts between those of others. */
interface OpenTransaction {
  query(sql: string): Promise<unknown>;
  append(aggregateId: string): Promise<void>;
  commit(): Promise<void>;
}

/** A schedule of two transactions, and what a reader says during and after it. */
interface Schedule {
  readonly name: string;
  run(one: OpenTransaction, other: OpenTransaction, look: () => Promise<void>): Promise<void>;
}

const schedules: readonly Schedule[] = [
  {
    name: 'what commits after a later id was read',
    async run(one, other, look) {
      await one.append('a');
      await other.append('b');
      await other.commit();
      await look();
      await one.commit();
    },
  },
  {
    name: 'what commits after a later id of an earlier xid was read',
    async run(one, other, look) {
      await one.query('SELECT pg_current_xact_id()');
      await other.append('b');
      await one.append('a');
      await one.commit();
      await look();
      await other.commit();
    },
  },
  {
    name: 'the order of two commits, of which the second has the earlier xid',
    async run(one, other, look) {
      await one.query('SELECT pg_current_xact_id()');
      await other.append('a');
      await other.commit();
      await look();
      await one.append('a');
      await one.commit();
    },
  },
];

/** Which schedules each naive reader gets wrong. */
const WRONG: Readonly<Record<string, readonly number[]>> = {
  'id > last': [0, 1],
  'id > last, below xmin': [1],
  '(xid, id) > last, below xmin': [2],
};

let postgres: PrivatePostgres;
let test: TestDatabase;
beforeAll(async () => {
  postgres = await serverForRaces();
  test = await testDatabase({ migrations, poolSize: 4, on: postgres });
});
afterAll(async () => {
  await test.drop();
  await postgres.remove();
});

describe('readers of an outbox', () => {
  beforeEach(async () => {
    await test.database.query('TRUNCATE local_outbox_events, local_outbox_aggregates');
  });

  it.each(schedules)('snapshot windows keep $name', async (schedule) => {
    expect(await follow(snapshotWindows(), schedule)).toEqual(await committed());
  });

  it.each(schedules)('snapshot windows that are read page by page keep $name', async (schedule) => {
    expect(await follow(snapshotWindows(1), schedule)).toEqual(await committed());
  });

  for (const make of naiveReaders) {
    const { name } = make();
    it(`${name}: loses or reorders where it is known to`, async () => {
      const wrong: number[] = [];
      for (const [index, schedule] of schedules.entries()) {
        await test.database.query('TRUNCATE local_outbox_events, local_outbox_aggregates');
        const seen = await follow(make(), schedule);
        if (JSON.stringify(seen) !== JSON.stringify(await committed())) wrong.push(index);
      }
      expect(wrong).toEqual(WRONG[name]);
    });
  }

  it('a window that is larger than a page is one window, whatever commits meanwhile', async () => {
    const reader = snapshotWindows(3);
    await test.database.transaction((tx) => appendAll(tx, ['a', 'b', 'a', 'b', 'a', 'b', 'a']));
    const seen = [...(await reader.next(test.database))];
    await test.database.transaction((tx) => appendAll(tx, ['b', 'a']));
    for (let page = 0; page < 4; page += 1) seen.push(...(await reader.next(test.database)));
    expect(seen.map(({ aggregate, version }) => `${aggregate}${version}`)).toEqual([
      'a1',
      'b1',
      'a2',
      'b2',
      'a3',
      'b3',
      'a4',
      'b4',
      'a5',
    ]);
  });
});

describe('a race of 24 writers with savepoints, rollbacks and prepared transactions', () => {
  afterEach(() => test.database.query('TRUNCATE local_outbox_events, local_outbox_aggregates'));

  it('snapshot windows lose, double and reorder nothing; every naive reader does', async () => {
    await test.database.query('TRUNCATE local_outbox_events, local_outbox_aggregates');
    const seed = Date.now() % 1_000_000;
    const options = { seed, writers: 24, events: 5000, perAppend: 4, longMs: 3000 };
    const [windows, ...naive] = await race(test, options);
    expect({ seed, ...windows }).toEqual({
      ...{ seed, reader: 'snapshot windows', lost: 0, doubled: 0, reordered: 0 },
    });
    expect(naive.map(({ lost, reordered }) => lost + reordered > 0)).toEqual([true, true, true]);
  }, 120_000);
});

/** What a reader hands out over a schedule, aggregate and version each, ordered by aggregate. */
async function follow(reader: OutboxReader, schedule: Schedule): Promise<readonly string[]> {
  const { database } = test;
  const seen: string[] = [];
  const look = async () => {
    // Twice at least: a page may hold one row only.
    for (let reads = 0; reads < 4; reads += 1) {
      const events = await reader.next(database);
      seen.push(...events.map(({ aggregate, version }) => `${aggregate}${version}`));
    }
  };
  await look();
  await database.session({ statementTimeoutMs: 5000 }, (one) =>
    database.session({ statementTimeoutMs: 5000 }, async (other) => {
      await one.query('BEGIN');
      await other.query('BEGIN');
      await schedule.run(open(one), open(other), look);
    }),
  );
  await look();
  return byAggregate(seen);
}

/** What a reader should have handed out. */
async function committed(): Promise<readonly string[]> {
  const rows = await test.database.query<{ name: string }>(
    `SELECT aggregate_type || aggregate_version AS name FROM local_outbox_events
     ORDER BY aggregate_type, aggregate_version`,
  );
  return rows.map(({ name }) => name);
}

/** Sorted by aggregate; what belongs to one keeps its order. */
function byAggregate(seen: readonly string[]): readonly string[] {
  const groups = Map.groupBy(seen, (name) => name.slice(0, 1));
  return [...groups.keys()].sort().flatMap((name) => groups.get(name) ?? []);
}

function open(session: Queryable): OpenTransaction {
  return {
    query: (sql) => session.query(sql),
    append: (aggregateId) => appendAll(session, [aggregateId]),
    async commit() {
      await session.query('COMMIT');
    },
  };
}

async function appendAll(session: Queryable, aggregates: readonly string[]): Promise<void> {
  await append(
    { query: (text, values) => session.query(text, values) },
    aggregates.map((aggregateType) => ({
      ...{ eventType: 'race_ran', aggregateType, aggregateId: ONE, payload: { lap: 1 } },
    })),
  );
}
