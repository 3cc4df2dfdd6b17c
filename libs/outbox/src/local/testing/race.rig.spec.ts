import { expect } from '@jest/globals';
import { type Database, openDatabase, type Queryable } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { type PrivatePostgres, privatePostgres, type TestDatabase } from '@nova/testkit';
import { sleep, systemClock } from '@nova/time';
import { seededRandom } from '../../testing/seeded-random.ts';
import { append } from '../append.ts';
import { Judge, type Verdict } from './judge.ts';
import { naiveReaders, snapshotWindows } from './outbox-readers.ts';

/** How a race is run. */
export interface RaceOptions {
  readonly seed: number;
  readonly writers: number;
  /** Committed events, at least. */
  readonly events: number;
  /** Most events of one append. */
  readonly perAppend: number;
  /** How long the longest transaction is open. */
  readonly longMs: number;
}

const AGGREGATES = 100;
const ONE = '11111111-2222-4333-8444-555555555555';
const READ_EVERY_MS = 5;
const MAY_BE_LUCKY_MS = 60_000;
const NO_LIMITS = 'SET idle_in_transaction_session_timeout = 0; SET transaction_timeout = 0';

/**
 * A server that knows prepared transactions, with nobody else's: readers that wait for the oldest one
 * of the whole server would wait for those of other specs.
 */
export async function serverForRaces(): Promise<PrivatePostgres> {
  const postgres = await privatePostgres();
  const admin = pool(postgres.adminUrl, 1);
  await admin.query('ALTER SYSTEM SET max_prepared_transactions = 100');
  await admin.close();
  await postgres.restart();
  return postgres;
}

/**
 * Writers of every kind against readers of every kind, over one outbox: xids taken early, savepoints,
 * rollbacks, prepared transactions, one transaction that stays open, and new partitions all the while.
 * It goes on until all events are committed and each naive reader has erred, a minute longer at most:
 * one that may read only when the longest transaction has ended has few occasions to.
 */
export async function race(test: TestDatabase, options: RaceOptions): Promise<readonly Verdict[]> {
  const { writers, events } = options;
  const writing = pool(test.url, writers + 4);
  const reading = pool(test.url, 6);
  // Few rows per partition: the race shall cross their edges.
  const rows = Math.max(2048, Math.ceil(events / 40));
  await test.database.query(
    `UPDATE local_outbox SET partition_rows = ${rows};
     SELECT setval('local_outbox_event_id', partition_end - 1) FROM local_outbox;
     SELECT local_outbox_extend()`,
  );
  const progress = { committed: 0, isOver: false };
  const naive = naiveReaders.map((make) => new Judge(make()));
  const judges = [new Judge(snapshotWindows()), ...naive];
  const follow = async (judge: Judge) => {
    while (!progress.isOver) {
      await judge.read(reading);
      await sleep(READ_EVERY_MS);
    }
  };
  const extend = () =>
    connected(writing, 100, async (session) => {
      while (!progress.isOver) {
        // Whoever appends to the rest would wait behind this, again and again.
        const pauseMs = await session.query('SELECT local_outbox_extend()').then(
          () => 20,
          () => 500,
        );
        await sleep(pauseMs);
      }
    });
  const following = Promise.all([...judges.map(follow), extend()]);
  let luckyUntil = Number.POSITIVE_INFINITY;
  const isEnough = () => {
    if (progress.committed < events) return false;
    luckyUntil = Math.min(luckyUntil, systemClock.monotonicMs() + MAY_BE_LUCKY_MS);
    return naive.every((judge) => judge.hasErred) || systemClock.monotonicMs() > luckyUntil;
  };
  try {
    await Promise.all([
      stayOpen(writing, options.longMs, isEnough),
      ...Array.from({ length: writers }, (_, number) =>
        write(writing, new Dice(options.seed + number), options.perAppend, progress, isEnough),
      ),
    ]);
  } finally {
    progress.isOver = true;
    await following;
  }
  const truth = await headsOf(test.database);
  for (const judge of judges) await judge.finish(reading);
  await Promise.all([writing.close(), reading.close()]);
  return judges.map((judge) => judge.verdict(truth));
}

function pool(url: string, poolSize: number): Database {
  const applicationName = 'race';
  return openDatabase({
    ...{ url, poolSize, applicationName, logger: silentLogger },
    ...{ statementTimeoutMs: 30_000, acquireTimeoutMs: 30_000 },
  });
}

/** The versions that the events of each aggregate must have: 1 to the head, without holes. */
async function headsOf(database: Queryable): Promise<ReadonlyMap<string, bigint>> {
  const heads = await database.query<{ id: string; version: bigint; rows: bigint }>(
    `SELECT a.aggregate_type AS id, a.version, count(e.id) AS rows
     FROM local_outbox_aggregates AS a
     LEFT JOIN local_outbox_events AS e USING (aggregate_type, aggregate_id)
     GROUP BY a.aggregate_type, a.version`,
  );
  for (const { id, version, rows } of heads) expect({ id, rows }).toEqual({ id, rows: version });
  return new Map(heads.map(({ id, version }) => [id, version]));
}

/** On a busy machine so many connections at once are not made in time: then again. */
async function connected(
  database: Database,
  statementTimeoutMs: number,
  work: (session: Queryable) => Promise<void>,
): Promise<void> {
  const giveUpAt = systemClock.monotonicMs() + 30_000;
  for (;;) {
    let isOpen = false;
    try {
      return await database.session({ statementTimeoutMs }, (session) => {
        isOpen = true;
        return work(session);
      });
    } catch (thrown) {
      if (isOpen || systemClock.monotonicMs() > giveUpAt) throw thrown;
      await sleep(100);
    }
  }
}

class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  upTo(n: number): number {
    return Math.floor(this.#random() * n);
  }
}

/** One writer: transaction after transaction on one connection, until enough is committed. */
async function write(
  database: Database,
  dice: Dice,
  perAppend: number,
  progress: { committed: number },
  isOver: () => boolean,
): Promise<void> {
  await connected(database, 30_000, async (session) => {
    await session.query(NO_LIMITS);
    while (!isOver()) {
      try {
        const committed = await transact(session, dice, perAppend);
        progress.committed += committed;
      } catch {
        // A deadlock or a timeout: this transaction did not happen.
        await session.query('ROLLBACK');
      }
    }
  });
}

/** @returns how many events were committed */
async function transact(session: Queryable, dice: Dice, perAppend: number): Promise<number> {
  await session.query('BEGIN');
  // The order of xids is then not that of the events.
  if (dice.chance(0.5)) await session.query('SELECT pg_current_xact_id()');
  if (dice.chance(0.3)) await sleep(dice.upTo(15));
  const aggregates = Array.from({ length: 1 + dice.upTo(3) }, () => dice.upTo(AGGREGATES));
  let appended = await appendSome(session, dice, aggregates, perAppend);
  if (dice.chance(0.25)) {
    await session.query('SAVEPOINT part');
    const more = await appendSome(session, dice, aggregates, perAppend);
    if (dice.chance(0.5)) await session.query('ROLLBACK TO SAVEPOINT part');
    else appended += more;
  }
  if (dice.chance(0.2)) await sleep(dice.upTo(20));
  if (dice.chance(0.2)) appended += await appendSome(session, dice, aggregates, perAppend);
  return end(session, dice, appended);
}

async function end(session: Queryable, dice: Dice, appended: number): Promise<number> {
  if (dice.chance(0.04)) {
    await session.query('ROLLBACK');
    return 0;
  }
  if (dice.chance(0.06)) {
    const name = `race-${crypto.randomUUID()}`;
    await session.query(`PREPARE TRANSACTION '${name}'`);
    await sleep(dice.upTo(40));
    const isKept = dice.chance(0.8);
    await session.query(`${isKept ? 'COMMIT' : 'ROLLBACK'} PREPARED '${name}'`);
    return isKept ? appended : 0;
  }
  await session.query('COMMIT');
  return appended;
}

async function appendSome(
  session: Queryable,
  dice: Dice,
  aggregates: readonly number[],
  perAppend: number,
): Promise<number> {
  // All of them in the first call, which locks them in order: later ones find them locked.
  const count = aggregates.length + dice.upTo(perAppend);
  const events = Array.from({ length: count }, (_, n) =>
    raceEvent(aggregates[n % aggregates.length]),
  );
  await append(client(session), events);
  return count;
}

function raceEvent(aggregate: number | string | undefined) {
  return {
    eventType: 'race_ran',
    aggregateType: `race_${aggregate}`,
    aggregateId: ONE,
    payload: { lap: 1 },
  };
}

const client = (session: Queryable) => ({
  query: (text: string, values: unknown[]) => session.query(text, values),
});

/** A transaction that appends first, then stays open; and again, until all others are done. */
async function stayOpen(database: Database, longMs: number, isOver: () => boolean): Promise<void> {
  await connected(database, 30_000, async (session) => {
    await session.query(NO_LIMITS);
    do {
      try {
        await session.query('BEGIN');
        await append(client(session), [raceEvent('long')]);
        const until = systemClock.monotonicMs() + longMs;
        while (systemClock.monotonicMs() < until && !isOver()) await sleep(20);
        await append(client(session), [raceEvent('long')]);
        await session.query('COMMIT');
      } catch {
        await session.query('ROLLBACK');
      }
    } while (!isOver());
  });
}
