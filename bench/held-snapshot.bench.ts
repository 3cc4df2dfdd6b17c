/**
 * What it costs that somebody holds a snapshot, or a transaction that has written, while events are
 * appended and relayed: the server then cannot clear away old versions of rows. Quiet and held
 * phases take turns, each on a fresh database; the aims are at most 5 % slower relaying and at most
 * 30 % slower appending. The relay sends to nobody, and what it sends is checked.
 *
 *   node bench/held-snapshot.bench.ts postgres://user@127.0.0.1:54320/postgres [seconds held, default 60]
 *
 * Five phases of that length and five drains; 600 for the ten minutes of the issue.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { newEventId } from '@nova/events';
import {
  append,
  createRelay,
  type EventPublisher,
  outboxMigrations,
  outboxStatus,
  type Relay,
} from '@nova/outbox';
import { type Database, migrate, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';

type Held = 'nothing' | 'snapshot' | 'transaction';

interface Measured {
  readonly held: Held;
  readonly appendedPerSecond: number;
  readonly relayedPerSecond: number;
}

const PHASES: readonly Held[] = ['nothing', 'snapshot', 'nothing', 'transaction', 'nothing'];
const APPENDERS = 2;
const BATCH = 50;
/** Appended for the drain, while the relay is stopped. */
const BACKLOG = 60_000;
const AGGREGATES = Array.from({ length: 5000 }, () => randomUUID());
const TYPES = ['item_created', 'item_renamed', 'item_moved', 'item_deleted'];
const PAYLOAD = Buffer.from(JSON.stringify({ content: 'x'.repeat(486) }));

const pick = (from: readonly string[]) => from[randomInt(from.length)] ?? '';
const event = () => ({
  eventId: newEventId(),
  eventIdGiven: false,
  eventType: pick(TYPES),
  schemaVersion: 1,
  aggregateType: 'item',
  aggregateId: pick(AGGREGATES),
  payload: PAYLOAD,
  source: '/nova/bench',
  annotations: {},
});

const appendBatch = (database: Database) =>
  append(database, [
    { conditions: [], mode: 'atomic', events: Array.from({ length: BATCH }, event) },
  ]);

/** Takes everything, and notes what came out of order. */
class Sink implements EventPublisher {
  count = 0;
  disorder = 0;
  readonly #sequences = new Map<string, number>();

  publish({ topic, records }: Parameters<EventPublisher['publish']>[0]): Promise<void> {
    for (const { key, headers } of records) {
      const sequence = Number(headers['ce_novatypesequence']);
      const name = `${topic} ${key}`;
      if (sequence !== (this.#sequences.get(name) ?? 0) + 1) this.disorder += 1;
      this.#sequences.set(name, sequence);
    }
    this.count += records.length;
    return Promise.resolve();
  }

  refusalIn(): undefined {
    return undefined;
  }

  partitionsOf(): Promise<number> {
    return Promise.resolve(8);
  }
}

const options = {
  applicationName: 'held-snapshot.bench',
  poolSize: 6,
  statementTimeoutMs: 10_000,
  logger: silentLogger,
};

/** Holds a snapshot, or a transaction that has written, until the signal aborts. */
async function hold(database: Database, held: Held, until: AbortSignal): Promise<void> {
  if (held === 'nothing') return;
  await database.session({ statementTimeoutMs: 0 }, async (session) => {
    await session.query('SET idle_in_transaction_session_timeout = 0');
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await session.query('SELECT count(*) FROM outbox_lanes');
    if (held === 'transaction') await session.query('SELECT pg_current_xact_id()');
    await sleep(2 ** 30, until);
    await session.query('ROLLBACK');
  });
}

async function phase(database: Database, held: Held, seconds: number): Promise<Measured> {
  const over = new AbortController();
  const holding = hold(database, held, over.signal);
  const sink = new Sink();
  const open = () =>
    createRelay({ database, publisher: sink, relayId: randomUUID(), logger: silentLogger });
  const relay = open();
  await relay.start();
  const appendedPerSecond = await appendFor(database, seconds);
  await untilSent(database, sink);
  await relay.stop();
  for (let left = BACKLOG; left > 0; left -= BATCH) await appendBatch(database);
  const relayedPerSecond = await drain(database, sink, open());
  over.abort();
  await holding;
  if (sink.disorder > 0) throw new TypeError(`${sink.disorder} events out of order`);
  return { held, appendedPerSecond, relayedPerSecond };
}

/** Events per second over the second half, when old versions have piled up. */
async function appendFor(database: Database, seconds: number): Promise<number> {
  const half = performance.now() + seconds * 500;
  const end = half + seconds * 500;
  let late = 0;
  const appender = async () => {
    while (performance.now() < end) {
      await appendBatch(database);
      if (performance.now() > half) late += BATCH;
    }
  };
  await Promise.all(Array.from({ length: APPENDERS }, appender));
  return late / (seconds / 2);
}

async function drain(database: Database, sink: Sink, relay: Relay): Promise<number> {
  const before = sink.count;
  const startedAt = performance.now();
  await relay.start();
  await untilSent(database, sink);
  const rate = ((sink.count - before) * 1000) / (performance.now() - startedAt);
  await relay.stop();
  return rate;
}

async function untilSent(database: Database, sink: Sink): Promise<void> {
  for (;;) {
    const { head } = await outboxStatus(database);
    if (BigInt(sink.count) >= head.position) return;
    await sleep(5);
  }
}

async function main(url: string, seconds: number): Promise<void> {
  const server = openDatabase({ ...options, url });
  const results: Measured[] = [];
  for (const [index, held] of PHASES.entries()) {
    const name = `held_bench_${process.pid}_${index}`;
    await server.query(`CREATE DATABASE ${name}`);
    const target = new URL(url);
    target.pathname = `/${name}`;
    const database = openDatabase({ ...options, url: target.href });
    try {
      await migrate(database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
      const measured = await phase(database, held, seconds);
      results.push(measured);
      process.stdout.write(`${lineOf(measured)}\n`);
    } finally {
      await database.close();
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  }
  await server.close();
  for (const [index, measured] of results.entries()) {
    if (measured.held !== 'nothing') process.stdout.write(`${ratioOf(results, index)}\n`);
  }
}

function lineOf({ held, appendedPerSecond, relayedPerSecond }: Measured): string {
  const [appended, relayed] = [appendedPerSecond, relayedPerSecond].map(Math.round);
  return `${held.padEnd(12)} ${appended} appended/s, drained at ${relayed} events/s`;
}

/** Against the quiet phases on both sides. */
function ratioOf(results: readonly Measured[], index: number): string {
  const [before, measured, after] = results.slice(index - 1, index + 2);
  if (before === undefined || measured === undefined || after === undefined) return '';
  const slower = (read: (one: Measured) => number) => {
    const quiet = (read(before) + read(after)) / 2;
    return `${((1 - read(measured) / quiet) * 100).toFixed(1)} %`;
  };
  const appending = slower(({ appendedPerSecond }) => appendedPerSecond);
  const relaying = slower(({ relayedPerSecond }) => relayedPerSecond);
  return `${measured.held} held: appending ${appending} slower (aim 30 %), relaying ${relaying} (aim 5 %)`;
}

const [url, seconds = '60'] = process.argv.slice(2);
if (url === undefined) {
  process.stderr.write('usage: node bench/held-snapshot.bench.ts postgres://… [seconds held]\n');
  process.exitCode = 2;
} else {
  await main(url, Number(seconds));
}
