import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import type { StoredEvent } from '@nova/events';
import { type Database, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import {
  type PrivatePostgres,
  privatePostgres,
  type TestDatabase,
  testDatabase,
  waitFor,
} from '@nova/testkit';
import { sleep } from '@nova/time';
import { append } from './append.ts';
import { outboxMigrations } from './index.ts';
import { logHead } from './log-state.ts';
import { readWindow } from './read-events.ts';
import { type CuttingProxy, cuttingProxy } from './testing/cutting-proxy.ts';
import { Journal } from './testing/journal.ts';
import { expectSoundLog, WrittenLog } from './testing/log-checks.ts';
import { UnitSource } from './testing/random-unit.ts';
import { seededRandom } from './testing/seeded-random.ts';

const CLIENTS = 16;
const CALLS = 600;
/** Of the calls; each ends a connection at random, in turn at the server and at the client. */
const CUT_EVERY = 25;
const KILL_SERVER_AT = [200, 400];

let postgres: PrivatePostgres;
let target: TestDatabase;
let proxy: CuttingProxy;

beforeAll(async () => {
  postgres = await privatePostgres();
  target = await testDatabase({
    on: postgres,
    migrations: [{ owner: 'outbox', dir: outboxMigrations }],
  });
  proxy = await cuttingProxy(target.url);
}, 60_000);
afterAll(async () => {
  await target.drop();
  await proxy.close();
  await postgres.remove();
}, 60_000);

describe('append, from 16 connections, with clients and server killed in the middle', () => {
  it('keeps every promise of the log', async () => {
    const seed = Date.now() % 1_000_000;
    const journal = new Journal();
    // A database that was made from a template is another one already.
    await target.database.query('SELECT outbox_notice_incarnation()');
    const before = (await logHead(target.database)).epochs.length;
    const tail = new Tail(target.database);
    const fire = new Fire(seededRandom(seed));
    const source = new UnitSource(seededRandom(seed + 1), journal);
    const clients = Array.from({ length: CLIENTS }, () => client(journal, source, fire));
    const ends = await Promise.allSettled(clients);
    tail.stop();
    const seen = await tail.finished;
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [inspect(end.reason)] : []));
    expect({ seed, failed }).toEqual({ seed, failed: [] });

    const events = await readAll(target.database);
    const log = new WrittenLog(events);
    expectSoundLog(events);
    await expectHeads(target.database, events);
    // A reader of `position > cursor` sees everything, once and in order, at any time.
    const ids = events.map(({ eventId }) => eventId);
    expect(seen.map(({ eventId }) => eventId)).toEqual(ids.slice(0, seen.length));
    log.expectAnswersTrue(journal.attempts);
    log.expectUnitsWhole(journal.attempts);
    log.expectConditionsHeld(journal.attempts);
    log.expectKeysOnce(journal.attempts);
    // What makes the above worth something.
    expect(log.expectRefusalsJust(journal.attempts)).toBeGreaterThan(50);
    const results = journal.attempts.map(({ result }) => result);
    expect(results.filter((result) => result === undefined).length).toBeGreaterThan(0);
    expect(
      results.filter((result) => result?.outcome === 'stored' && result.replayed).length,
    ).toBeGreaterThan(20);
    expect(events.length).toBeGreaterThan(500);
    const { epochs } = await logHead(target.database);
    expect(epochs.length).toBe(before + KILL_SERVER_AT.length);
  }, 180_000);
});

/** What happens to connections and server while clients work. */
class Fire {
  calls = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Counts a call, and does harm when it is due. Undefined: there were enough calls. */
  nextCall(): number | undefined {
    if (this.calls >= CALLS) return undefined;
    this.calls += 1;
    if (KILL_SERVER_AT.includes(this.calls)) void crash();
    if (this.calls % (2 * CUT_EVERY) === 0) proxy.cutOne(this.#random);
    else if (this.calls % CUT_EVERY === 0) void terminateOne();
    return this.calls;
  }
}

async function crash(): Promise<void> {
  await postgres.kill();
  await postgres.restart();
}

async function terminateOne(): Promise<void> {
  const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'under fire' AND state = 'active' ORDER BY random() LIMIT 1`;
  // Not while the server itself is down.
  await target.database.query(sql).catch(() => {});
}

async function client(journal: Journal, source: UnitSource, fire: Fire): Promise<void> {
  const database = openDatabase({
    url: proxy.url,
    applicationName: 'under fire',
    poolSize: 1,
    statementTimeoutMs: 10_000,
    logger: silentLogger,
  });
  for (let call = fire.nextCall(); call !== undefined; call = fire.nextCall()) {
    const units = Array.from({ length: 1 + (call % 5) }, (_, number) => {
      const id = `${call}.${number}`;
      return { id, unit: source.draw(id) };
    });
    const attempts = journal.start(units);
    try {
      const results = await append(
        database,
        units.map(({ unit }) => unit),
      );
      journal.end(attempts, results);
    } catch (thrown) {
      if (!isNovaError(thrown) || thrown.kind.status !== 'UNAVAILABLE') throw thrown;
      // Its outcome is not known. Repeated keys come by themselves from the few there are; here it
      // is enough to go on once the server is back.
      await waitFor(() => database.ping().then(() => true), {
        withinMs: 30_000,
        what: 'the server',
      });
    }
  }
  await database.close();
}

/** Reads the log as it grows. */
class Tail {
  readonly finished: Promise<StoredEvent[]>;
  #stopped = false;

  constructor(database: Database) {
    this.finished = this.#follow(database);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #follow(database: Database): Promise<StoredEvent[]> {
    const seen: StoredEvent[] = [];
    while (!this.#stopped) {
      const after = BigInt(seen.length);
      const window = await readWindow(database, { after, limit: 100 }).catch(() => undefined);
      for (const event of window?.events ?? []) seen.push(event);
      if (window === undefined || window.events.length === 0) await sleep(5);
    }
    return seen;
  }
}

async function readAll(database: Database): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const after = BigInt(events.length);
    const window = await readWindow(database, { after, limit: 1000 });
    if (window.events.length === 0) return events;
    events.push(...window.events);
  }
}

async function expectHeads(database: Database, events: readonly StoredEvent[]): Promise<void> {
  const rows = await database.query<{ aggregate_id: string; version: bigint }>(
    'SELECT aggregate_id, version FROM outbox_aggregates',
  );
  const versions = new Map(events.map((event) => [event.aggregateId, event.aggregateVersion]));
  expect(new Map(rows.map((row) => [row.aggregate_id, row.version]))).toEqual(versions);
  expect((await logHead(database)).head.position).toBe(BigInt(events.length));
}
