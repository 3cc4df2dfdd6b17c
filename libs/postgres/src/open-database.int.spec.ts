import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { createLogger, silentLogger } from '@nova/telemetry';
import { type PrivatePostgres, privatePostgres, stopwatch, waitFor } from '@nova/testkit';
import type { DatabaseOptions } from './connections.ts';
import type { Database, Queryable } from './database.ts';
import { errors } from './errors.ts';
import { sqlStateOf } from './map-error.ts';
import { openDatabase } from './open-database.ts';
import { prepared } from './sql.ts';

let server: PrivatePostgres;
let database: Database;

beforeAll(async () => {
  server = await privatePostgres();
  database = open();
  await database.query('CREATE TABLE things (id bigint PRIMARY KEY, name text)');
}, 60_000);
afterAll(async () => {
  await database.close();
  await server.remove();
}, 60_000);

/** As services have it, with the usual wait for a connection. */
function openUsual(limits: Partial<DatabaseOptions> = {}): Database {
  const usual = { applicationName: 'spec', poolSize: 4, statementTimeoutMs: 1500 };
  return openDatabase({ url: server.url, logger: silentLogger, ...usual, ...limits });
}

/** Where the wait for a connection is not the subject, a busy machine may take its time. */
function open(limits: Partial<DatabaseOptions> = {}): Database {
  return openUsual({ acquireTimeoutMs: 20_000, ...limits });
}

const answers = (asked: Database) =>
  waitFor(() => asked.ping().then(() => true), { withinMs: 5000, what: 'an answer' });

const pidOf = async (queryable: Queryable) => {
  const [row] = await queryable.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return row?.pid;
};

/** A database, and how often it has noticed that a connection was lost. */
function watched(): { own: Database; lost(): number } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return {
    own: open({ logger: createLogger({ service: 'spec', destination }) }),
    lost: () => lines.filter((line) => line.includes('connection lost')).length,
  };
}

/** Counts what leaves this process over TCP, until it is asked. */
function countWrites(): () => number {
  const write = jest.spyOn(Socket.prototype, '_write');
  const writev = jest.spyOn(Socket.prototype as Required<Socket>, '_writev');
  return () => {
    const count = write.mock.calls.length + writev.mock.calls.length;
    write.mockRestore();
    writev.mockRestore();
    return count;
  };
}

async function failure(work: Promise<unknown>): Promise<{ thrown: unknown; afterMs: number }> {
  const watch = stopwatch();
  const thrown = await work.then(
    () => 'no failure',
    (reason: unknown) => reason,
  );
  return { thrown, afterMs: watch.ms() };
}

describe('query', () => {
  it('answers 64-bit integers as bigint, alone and in arrays', async () => {
    const rows = await database.query(
      "SELECT 9007199254740993::bigint AS one, '{1,9223372036854775807}'::bigint[] AS two, '{}'::bigint[] AS none",
    );
    expect(rows).toEqual([{ one: 9007199254740993n, two: [1n, 9223372036854775807n], none: [] }]);
  });

  it('has the server keep what is prepared, once per connection, and nothing else', async () => {
    const single = open({ poolSize: 1 });
    const sql = prepared('SELECT $1::bigint + 1 AS next');
    for (const n of [1n, 41n]) expect(await single.query(sql, [n])).toEqual([{ next: n + 1n }]);
    expect(
      await single.query(
        'SELECT statement, generic_plans + custom_plans AS runs FROM pg_prepared_statements',
      ),
    ).toEqual([{ statement: sql.text, runs: 2n }]);
    await single.close();
  });

  it('names a refused statement by its SQLSTATE and goes on with the same connection', async () => {
    const single = open({ poolSize: 1 });
    const pid = await pidOf(single);
    const { thrown } = await failure(single.query('SELECT 1/0'));
    expect(isNovaError(thrown, errors.POSTGRES_REFUSED)).toBe(true);
    expect(sqlStateOf(thrown)).toBe('22012');
    expect(await pidOf(single)).toBe(pid);
    await single.close();
  });

  it('lets the server end a slow statement, before the client gives up', async () => {
    const quick = open({ statementTimeoutMs: 200 });
    const outcomes: unknown[] = [];
    // Where this process stands still for 300 ms, the client is the first.
    const isEnded = async () => {
      outcomes.push((await failure(quick.query('SELECT pg_sleep(5)'))).thrown);
      return sqlStateOf(outcomes.at(-1)) === '57014';
    };
    await waitFor(isEnded, { withinMs: 10_000, what: 'the word of the server' });
    expect(outcomes).not.toContain('no failure');
    expect(isNovaError(outcomes.at(-1), errors.POSTGRES_TIMEOUT)).toBe(true);
    await quick.close();
  });

  it('gives up when no connection becomes free', async () => {
    const single = openUsual({ poolSize: 1 });
    await answers(single);
    await single.transaction(async (tx) => {
      await tx.query('SELECT 1');
      const { thrown, afterMs } = await failure(single.query('SELECT 1'));
      expect(isNovaError(thrown, errors.POSTGRES_UNAVAILABLE)).toBe(true);
      expect(afterMs).toBeLessThan(2000);
    });
    await single.close();
  });

  it('survives the end of idle connections', async () => {
    const { own, lost } = watched();
    const both = Promise.withResolvers<void>();
    const pids: unknown[] = [];
    const take = () =>
      own.transaction(async (tx) => {
        if (pids.push(await pidOf(tx)) === 2) both.resolve();
        await both.promise;
      });
    await Promise.all([take(), take()]);
    await database.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids]);
    // Nobody uses them: what they say reaches none but the pool.
    await waitFor(() => lost() >= 2, { withinMs: 5000, what: 'the loss' });
    await answers(own);
    await own.close();
  });
});

describe('transaction', () => {
  it('commits what its work did', async () => {
    const answer = await database.transaction(async (tx) => {
      await tx.query("INSERT INTO things VALUES (1, 'kept')");
      return 'done';
    });
    expect(answer).toBe('done');
    expect(await database.query('SELECT name FROM things WHERE id = 1')).toEqual([
      { name: 'kept' },
    ]);
  });

  it('rolls back and rethrows when its work throws', async () => {
    const cause = new Error('changed my mind');
    const { thrown } = await failure(
      database.transaction(async (tx) => {
        await tx.query("INSERT INTO things VALUES (2, 'dropped')");
        throw cause;
      }),
    );
    expect(thrown).toBe(cause);
    expect(await database.query('SELECT 1 FROM things WHERE id = 2')).toEqual([]);
  });

  it('runs statements that are given together in their order; a failure fails those behind it', async () => {
    const name = prepared('SELECT name FROM things WHERE id = $1');
    const together = await database.transaction((tx) =>
      Promise.all([
        tx.query('SELECT pg_sleep(0.05)'),
        tx.query("INSERT INTO things VALUES (70, 'seventy')"),
        tx.query(name, [70]),
        tx.query("UPDATE things SET name = 'again' WHERE id = 70"),
        tx.query(name, [70]),
      ]),
    );
    expect([together[2], together[4]]).toEqual([[{ name: 'seventy' }], [{ name: 'again' }]]);
    const outcomes: string[] = [];
    const { thrown } = await failure(
      database.transaction(async (tx) => {
        const told = (sql: string) =>
          tx.query(sql).then(
            () => outcomes.push('done'),
            (reason: unknown) => outcomes.push(sqlStateOf(reason) ?? 'unknown'),
          );
        await Promise.all([
          told("UPDATE things SET name = 'lost' WHERE id = 70"),
          told('SELECT 1/0'),
          told("UPDATE things SET name = 'late' WHERE id = 70"),
        ]);
      }),
    );
    expect(outcomes).toEqual(['done', '22012', '25P02']);
    expect(isNovaError(thrown, errors.POSTGRES_ROLLED_BACK)).toBe(true);
    expect(await database.query(name, [70])).toEqual([{ name: 'again' }]);
  });

  it('sends statements that are given together in one packet', async () => {
    const single = open({ poolSize: 1 });
    await single.ping();
    const packets = async (work: (tx: Queryable) => Promise<unknown>) => {
      const writes = countWrites();
      await single.transaction(work);
      return writes();
    };
    const one = (tx: Queryable) => tx.query('SELECT 1');
    const together = await packets((tx) => Promise.all([one(tx), one(tx), one(tx), one(tx)]));
    const alone = await packets((tx) => one(tx));
    expect([together, alone]).toEqual([3, 3]);
    await single.close();
  });

  it('does not pass for committed when the failure of a statement was swallowed', async () => {
    const { thrown } = await failure(
      database.transaction(async (tx) => {
        await tx.query("INSERT INTO things VALUES (3, 'dropped')");
        await tx.query('SELECT 1/0').catch(() => {});
      }),
    );
    expect(isNovaError(thrown, errors.POSTGRES_ROLLED_BACK)).toBe(true);
  });

  it('fails, without ending the process, when its connection is ended in the middle', async () => {
    const { own, lost } = watched();
    const { thrown } = await failure(
      own.transaction(async (tx) => {
        const pid = await pidOf(tx);
        await database.query('SELECT pg_terminate_backend($1)', [pid]);
        // With no statement in work that would be told.
        await waitFor(() => lost() > 0, { withinMs: 5000, what: 'the loss' });
        await tx.query('SELECT 1');
      }),
    );
    expect(isNovaError(thrown, errors.POSTGRES_UNAVAILABLE)).toBe(true);
    await own.ping();
    await own.close();
  });
});

describe('snapshot', () => {
  it('sees one state whatever others commit meanwhile, and changes nothing', async () => {
    const count = "SELECT count(*)::integer AS count FROM things WHERE name = 'meanwhile'";
    const counts = await database.snapshot(async (views) => {
      const before = await views.query(count);
      await database.query("INSERT INTO things VALUES (4, 'meanwhile')");
      return [before, await views.query(count)];
    });
    expect(counts).toEqual([[{ count: 0 }], [{ count: 0 }]]);
    expect(await database.query(count)).toEqual([{ count: 1 }]);
    const write = database.snapshot((views) => views.query('DELETE FROM things'));
    await expect(write).rejects.toThrow();
  });
});

describe('session', () => {
  it('runs longer statements than the pool allows, on a connection of its own', async () => {
    const quick = open({ statementTimeoutMs: 100 });
    await quick.session({ statementTimeoutMs: 5000 }, async (session) => {
      expect(await session.query('SELECT pg_sleep(0.5)')).toHaveLength(1);
    });
    expect(await quick.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '100ms' }]);
    await quick.close();
  });
});

describe('a server in trouble', () => {
  it('makes every call fail within 3 s while it is paused, and answers again afterwards', async () => {
    const usual = openUsual();
    await Promise.all([answers(usual), answers(usual)]);
    server.pause();
    try {
      // On a known connection, on a second one, on new ones, and inside a transaction.
      const failures = await Promise.all([
        failure(usual.query('SELECT 1')),
        failure(usual.ping()),
        failure(usual.query('SELECT 1')),
        failure(usual.transaction((tx) => tx.query('SELECT 1'))),
      ]);
      for (const { thrown, afterMs } of failures) {
        expect(isNovaError(thrown, errors.POSTGRES_UNAVAILABLE)).toBe(true);
        expect(afterMs).toBeLessThan(3000);
      }
    } finally {
      server.resume();
    }
    await answers(usual);
    await usual.close();
  }, 20_000);

  it('can be left while it is paused', async () => {
    const leaving = open();
    await Promise.all([leaving.ping(), leaving.ping()]);
    server.pause();
    const watch = stopwatch();
    await leaving.close();
    server.resume();
    expect(watch.ms()).toBeLessThan(3000);
  }, 20_000);

  it('is found again after it was killed and restarted', async () => {
    await database.ping();
    await server.kill();
    const { thrown } = await failure(database.ping());
    expect(isNovaError(thrown, errors.POSTGRES_UNAVAILABLE)).toBe(true);
    await server.restart();
    await answers(database);
  }, 30_000);
});
