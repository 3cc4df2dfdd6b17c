import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Queryable } from '@nova/postgres';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { leaseStore } from './lease-store.ts';

const LANES = 8;
let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await test.database.query(
    `CREATE TABLE lanes (team text, lane smallint, owner text, term bigint NOT NULL DEFAULT 0,
       lease_until timestamptz, PRIMARY KEY (team, lane))`,
  );
  await test.database.query(
    `CREATE TABLE members (team text, member text, seen_until timestamptz NOT NULL,
       PRIMARY KEY (team, member))`,
  );
  await test.database.query(
    `INSERT INTO lanes (team, lane) SELECT team, lane
     FROM unnest('{red,blue}'::text[]) AS team, generate_series(0, ${LANES - 1}) AS lane`,
  );
}, 60_000);
afterAll(() => test.drop());

const store = (
  team: string,
  memberId: string,
  groups?: number,
  database: Queryable = test.database,
) =>
  leaseStore(
    database,
    {
      lanes: 'lanes',
      members: 'members',
      memberColumn: 'member',
      scope: { column: 'team', value: team },
      ...(groups !== undefined && { groups }),
    },
    { memberId, leaseMs: 60_000 },
  );

describe('sets of lanes in one table', () => {
  it('are leased apart: a member of one neither counts nor touches the other', async () => {
    const [red, blue] = [store('red', 'one'), store('blue', 'one')];
    expect(await store('red', 'two').beat()).toEqual({ others: 0 });
    expect(await red.beat()).toEqual({ others: 1 });
    expect(await blue.beat()).toEqual({ others: 0 });
    const reds = await red.claim(LANES);
    const blues = await blue.claim(LANES);
    expect(reds).toHaveLength(LANES);
    expect(blues).toHaveLength(LANES);
    await red.release(reds.slice(0, 3));
    expect(await red.renew(reds)).toEqual(new Set(reds.slice(3).map(({ lane }) => lane)));
    expect((await blue.renew(blues)).size).toBe(LANES);
    expect(await store('blue', 'two').claim(LANES)).toEqual([]);
    const again = await store('red', 'two').claim(LANES);
    expect(again.map(({ term }) => term)).toEqual([2n, 2n, 2n]);
    await red.leave();
    const last = await store('red', 'two').beat();
    expect(last.others).toBe(0);
    // Of the five lanes that are still the one's, which has left without giving them back.
    expect(last.leaseEndsInMs).toBeGreaterThan(0);
    expect(last.leaseEndsInMs).toBeLessThanOrEqual(60_000);
    expect(await store('green', 'two').beat()).toEqual({ others: 0, leaseEndsInMs: undefined });
    const left = await test.database.query('SELECT 1 FROM members WHERE team = $1', ['blue']);
    expect(left).toHaveLength(1);
  });
});

describe('leases of a database whose clock is put back by two hours', () => {
  it('end one lease later, also those of a member that has died; who lives keeps its own', async () => {
    const [living, dead, looking] = ['living', 'dead', 'looking'].map((id) => store('late', id));
    if (!living || !dead || !looking) throw new Error('three stores');
    await test.database.query(
      `INSERT INTO lanes (team, lane) SELECT team, lane
       FROM unnest('{late,apart}'::text[]) AS team, generate_series(0, 3) AS lane`,
    );
    await store('apart', 'living').claim(4);
    await living.beat();
    await dead.beat();
    const own = await living.claim(2);
    await dead.claim(2);
    // All that was written before the clock was put back is two hours late after it.
    await test.database.query(`UPDATE lanes SET lease_until = lease_until + interval '2 h'`);
    await test.database.query(`UPDATE members SET seen_until = seen_until + interval '2 h'`);
    await looking.beat();
    const left = await test.database.query<{ ms: number }>(
      `SELECT (1000 * extract(epoch FROM lease_until - clock_timestamp()))::float8 AS ms
       FROM lanes WHERE team = 'late'
       UNION ALL SELECT (1000 * extract(epoch FROM seen_until - clock_timestamp()))::float8
       FROM members WHERE team = 'late'`,
    );
    expect(left).toHaveLength(7);
    expect(left.filter(({ ms }) => ms > 60_000)).toEqual([]);
    expect(await looking.claim(4)).toEqual([]);
    expect((await living.renew(own)).size).toBe(2);
    // Of other sets nothing was looked at.
    const others = await test.database.query(
      `SELECT 1 FROM lanes WHERE team = 'apart' AND lease_until > clock_timestamp() + interval '1 h'`,
    );
    expect(others).toHaveLength(4);
  });
});

describe('lanes of groups', () => {
  const lanesOf = (claimed: readonly { readonly lane: number }[]) =>
    claimed.map(({ lane }) => lane).sort((one, other) => one - other);

  it('are claimed group by group: those of groups that a member has, then of the largest', async () => {
    await test.database.query(
      "UPDATE lanes SET owner = NULL, lease_until = NULL WHERE team = 'red'",
    );
    // Groups {0,4}, {1,5}, {2,6} and {3,7}.
    const [one, two] = [store('red', 'one', 4), store('red', 'two', 4)];
    const first = await one.claim(3);
    expect(lanesOf(first)).toEqual([0, 1, 4]);
    expect(lanesOf(await two.claim(2))).toEqual([2, 6]);
    await one.release(first.filter(({ lane }) => lane === 4));
    // 4 goes with 0, and 5 with 1; 3 and 7 are free together.
    expect(lanesOf(await two.claim(1))).toEqual([3]);
    expect(lanesOf(await one.claim(2))).toEqual([4, 5]);
    expect(lanesOf(await one.claim(8))).toEqual([7]);
  });

  it('are counted once by a claim, not once for each lane', async () => {
    await test.database.query(
      "INSERT INTO lanes (team, lane) SELECT 'wide', lane FROM generate_series(0, 63) AS lane",
    );
    await test.database.transaction(async (transaction) => {
      expect(await store('wide', 'one', 8, transaction).claim(64)).toHaveLength(64);
      const [counted] = await transaction.query<{ rows: bigint; read: bigint }>(
        `SELECT (SELECT count(*) FROM lanes) AS rows, seq_tup_read + idx_tup_fetch AS read
         FROM pg_stat_xact_user_tables WHERE relname = 'lanes'`,
      );
      expect(Number(counted?.read)).toBeGreaterThan(64);
      expect(Number(counted?.read)).toBeLessThan(10 * Number(counted?.rows));
    });
  });
});
