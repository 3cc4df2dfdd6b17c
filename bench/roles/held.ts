import { randomUUID } from 'node:crypto';
import { append, createRelay, type EventPublisher } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { openPool } from '../harness/databases.ts';
import { quantile } from '../harness/statistics.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { atRate } from '../watch.ts';
import { newEvent } from '../workload/backlog.ts';
import { Oracle, wrongIn } from '../workload/oracle.ts';
import { eventOf, numberIn, type Workload } from '../workload/workload.ts';

/** What somebody else holds meanwhile. */
export type Held = 'nothing' | 'snapshot' | 'transaction';

/** What it is told. */
export interface HeldOptions {
  readonly databaseUrl: string;
  readonly held: Held;
  /** Of each of its two parts under load. */
  readonly seconds: number;
  /** Appended for the drain at the end, while the relay is stopped. */
  readonly backlog: number;
}

const BATCH = 50;
const PER_SECOND = 500;
/** More than are appended in ten minutes. */
const MOST_EVENTS = 20_000_000;
const WORKLOAD: Workload = { events: MOST_EVENTS, aggregates: 5000 };

/**
 * Appends as fast as it can, then 500 events/s, each at its time, both with a relay that publishes to
 * nobody; then drains a backlog. All the while somebody holds a snapshot, or a transaction that has
 * written, so that the server cannot clear away old versions of rows.
 */
export function prepareHeld(options: HeldOptions): Promise<Prepared> {
  const database = openPool(options.databaseUrl);
  return Promise.resolve({
    async go() {
      const over = new AbortController();
      const holding = hold(database, options.held, over.signal);
      const values = await new HeldRun(database).run(options);
      over.abort();
      await holding;
      return { values };
    },
    stop: () => database.close(),
  });
}

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

class HeldRun {
  readonly #database: Database;
  readonly #seen = new Map<number, number>();
  readonly #records: { type: string; key: string; payload: Uint8Array }[] = [];
  #appended = 0;
  #published = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  async run({ seconds, backlog }: HeldOptions): Promise<Record<string, number>> {
    const relay = this.#relay();
    await relay.start();
    const appendRate = await this.#appendFor(seconds);
    await this.#untilPublished();
    const p99 = await this.#latency(seconds);
    await this.#untilPublished();
    await relay.stop();
    for (let left = backlog; left > 0; left -= BATCH) await this.#appendNext();
    const drainRate = await this.#drain();
    const oracle = new Oracle({ ...WORKLOAD, events: this.#appended });
    for (const { type, key, payload } of this.#records) oracle.see(type, key, payload);
    const wrong = wrongIn(oracle.verdict());
    if (wrong !== undefined) throw new TypeError(`wrong: ${wrong}`);
    return { appendRate, p99, rate: drainRate };
  }

  #relay() {
    return createRelay({
      database: this.#database,
      publisher: this.#sink(),
      relayId: randomUUID(),
      logger: silentLogger,
    });
  }

  #sink(): EventPublisher {
    return {
      publish: ({ topic, records }) => {
        const at = performance.now();
        const type = topic.replace('nova_events_', '');
        for (const { key, value } of records) {
          this.#seen.set(numberIn(value) ?? -1, at);
          this.#records.push({ type, key, payload: value });
        }
        this.#published += records.length;
        return Promise.resolve();
      },
      refusalIn: () => undefined,
      partitionsOf: () => Promise.resolve(8),
    };
  }

  /** Batches one after the other, so that their events have an order. */
  async #appendNext(count = BATCH): Promise<void> {
    const from = this.#appended;
    this.#appended += count;
    const events = Array.from({ length: count }, (_, n) => newEvent(eventOf(WORKLOAD, from + n)));
    await append(this.#database, [{ conditions: [], mode: 'atomic', events }]);
  }

  /** Events per second over the second half, when old versions have piled up. */
  async #appendFor(seconds: number): Promise<number> {
    const half = performance.now() + seconds * 500;
    const end = half + seconds * 500;
    let late = 0;
    while (performance.now() < end) {
      await this.#appendNext();
      if (performance.now() > half) late += BATCH;
    }
    return late / (seconds / 2);
  }

  async #latency(seconds: number): Promise<number> {
    const first = this.#appended;
    const dueAt: number[] = [];
    const beganAt = performance.now();
    // One statement in work: what is due meanwhile goes with the next.
    let appending = Promise.resolve();
    await atRate(PER_SECOND, seconds * PER_SECOND, (n) => {
      dueAt.push(beganAt + (n * 1000) / PER_SECOND);
      appending = appending.then(async () => {
        const left = first + dueAt.length - this.#appended;
        if (left > 0) await this.#appendNext(left);
      });
      return appending;
    });
    await this.#untilPublished();
    const took = dueAt.map((at, n) => (this.#seen.get(first + n) ?? Number.NaN) - at);
    return quantile(took, 0.99);
  }

  async #drain(): Promise<number> {
    const before = this.#published;
    const startedAt = performance.now();
    const relay = this.#relay();
    await relay.start();
    await this.#untilPublished();
    const rate = ((this.#published - before) * 1000) / (performance.now() - startedAt);
    await relay.stop();
    return rate;
  }

  async #untilPublished(): Promise<void> {
    while (this.#published < this.#appended) await sleep(5);
  }
}
