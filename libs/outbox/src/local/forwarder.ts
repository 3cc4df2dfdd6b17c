import { isNovaError, messageOf } from '@nova/errors';
import { newEventId } from '@nova/events';
import { loop, type Part } from '@nova/lifecycle';
import type { Database } from '@nova/postgres';
import type { GaugeMetric, Logger } from '@nova/telemetry';
import { type Backoff, backoffMs, type Clock, Signal } from '@nova/time';
import {
  ForwarderStore,
  type Held,
  LeaseLost,
  type ParkedChanges,
  type Parking,
} from './forwarder-store.ts';
import { keyOf } from './local-event.ts';
import type { MeshLog } from './mesh-log.ts';
import { type OutboxStanding, outboxGauges, outboxStanding } from './outbox-standing.ts';
import { retryParked } from './retry-parked.ts';
import { sendEvents } from './send-events.ts';
import type { ForwarderSettings } from './settings.ts';
import { BEGINNING, type OutboxWindow, readOutboxWindow } from './window.ts';

const BOUNDS = { rows: 2000, bytes: 4 * 1024 * 1024 };
const UPKEEP_EVERY_MS = 10_000;
const AGAIN: Backoff = { initialMs: 100, factor: 2, maxMs: 5000, jitter: 0.2 };

/** What a forwarder works with. */
export interface ForwarderDependencies {
  readonly database: Database;
  readonly log: MeshLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: ForwarderSettings;
}

/** How a forwarder is doing, and its outbox. */
export interface ForwarderStatus extends OutboxStanding {
  /** `waiting`: another instance forwards. */
  readonly phase: 'stopped' | 'waiting' | 'forwarding';
  /** Why nothing moves at present. */
  readonly trouble: string | undefined;
}

/** Takes what was committed to the log of nova. */
export interface Forwarder extends Part {
  /** Says, after a commit, that there is something: without it the outbox is looked at now and then. */
  wake(): void;
  status(): Promise<ForwarderStatus>;
  /** Rejects with why nothing moves, or with what is parked. */
  check(): Promise<void>;
}

/**
 * Forwards an outbox to the log of nova. Any number of instances may run; one at a time works.
 *
 *   waiting ── lease free ──▶ forwarding ── lease lost ──▶ waiting
 *
 *   a round   some of the parked aggregates that are due, then the next window, then the cursor
 *   crash     between nova's commit and the cursor: sent again, and answered as known
 *   refused   the aggregate waits, in order, and is tried again; all others go on
 *   lost      nova was restored to an earlier state: everything kept here is sent again
 */
export function createForwarder(dependencies: ForwarderDependencies): Forwarder {
  const { database } = dependencies;
  const work = new Forwarding(dependencies);
  const part = loop(
    'outbox forwarder',
    (signal) => work.run(signal),
    () => {},
  );
  let gauges: GaugeMetric[] = [];
  return {
    name: part.name,
    async start() {
      gauges = [...outboxGauges(database)];
      await part.start();
    },
    async stop() {
      for (const one of gauges.splice(0)) one.remove();
      await part.stop();
    },
    wake: () => work.woken.notify(),
    status: async () => ({
      phase: work.phase,
      trouble: work.trouble,
      ...(await outboxStanding(database)),
    }),
    async check() {
      if (work.trouble !== undefined) throw new Error(work.trouble);
      const { parkedAggregates } = await outboxStanding(database);
      if (parkedAggregates > 0)
        throw new Error(`${parkedAggregates} aggregates are refused by nova`);
    },
  };
}

class Forwarding {
  readonly woken: Signal = new Signal();
  phase: ForwarderStatus['phase'] = 'stopped';
  trouble: string | undefined;
  readonly #given: ForwarderDependencies;
  readonly #store: ForwarderStore;
  readonly #owner = newEventId();
  #held: Held | undefined;
  /** Whether anything may be parked: true until it was looked. */
  #mayBeParked = true;
  #renewAtMs = 0;
  #upkeepAtMs = 0;
  #isUpkeepDue = false;

  constructor(given: ForwarderDependencies) {
    this.#given = given;
    this.#store = new ForwarderStore(given.database);
  }

  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let pauseMs: number;
      try {
        pauseMs = await this.#step();
        failures = 0;
        this.trouble = undefined;
      } catch (thrown) {
        failures += 1;
        pauseMs = backoffMs(AGAIN, failures);
        this.#failed(thrown);
      }
      if (pauseMs > 0) await this.woken.wait(pauseMs, signal);
    }
    await this.#leave();
  }

  /** @returns how long to wait for something to do */
  async #step(): Promise<number> {
    const { forwardLeaseMs, forwardPollMs } = this.#given.settings;
    const held = await this.#hold();
    if (held === undefined) return forwardLeaseMs / 2;
    try {
      return (await this.#round(held)) ? 0 : forwardPollMs;
    } catch (thrown) {
      if (!(thrown instanceof LeaseLost)) throw thrown;
      this.#held = undefined;
      return 0;
    }
  }

  #failed(thrown: unknown): void {
    const trouble = messageOf(thrown);
    if (this.trouble === undefined) {
      this.#given.logger.warn(fieldsOf(thrown), 'outbox is not forwarded');
    }
    this.trouble = trouble;
  }

  /** The lease, renewed in time; undefined while another instance has it. */
  async #hold(): Promise<Held | undefined> {
    const { clock, settings } = this.#given;
    if (this.#held !== undefined && clock.monotonicMs() < this.#renewAtMs) return this.#held;
    const taken = await this.#store.take(this.#owner, settings.forwardLeaseMs);
    this.phase = taken === undefined ? 'waiting' : 'forwarding';
    this.#renewAtMs = clock.monotonicMs() + settings.forwardLeaseMs / 3;
    // Within a term nobody else moves the cursor, and here it may be further than what is stored.
    if (taken !== undefined && taken.term === this.#held?.term) return this.#held;
    if (taken !== undefined) await this.#store.rebase();
    this.#mayBeParked = true;
    this.#held = taken && (await this.#store.take(this.#owner, settings.forwardLeaseMs));
    return this.#held;
  }

  /** @returns whether there is more to do at once */
  async #round(held: Held): Promise<boolean> {
    await this.#prepare();
    const hasTried = await this.#retry(held);
    return (await this.#forward(this.#held ?? held)) || hasTried;
  }

  /** Asked for only where some are: an outbox that is idle is to cost little. */
  async #retry(held: Held): Promise<boolean> {
    if (!this.#mayBeParked) return false;
    const { log } = this.#given;
    const { tried, isLost, logPosition, ...changes } = await retryParked(this.#store, log, held);
    if (isLost) return this.#startAgain(held);
    if (tried > 0) await this.#save({ ...held, logPosition }, changes);
    else this.#mayBeParked = await this.#store.isAnyParked();
    return tried > 0;
  }

  async #forward(held: Held): Promise<boolean> {
    const { database, log } = this.#given;
    const window = await readOutboxWindow(database, held.cursor, BOUNDS);
    // What another server has stored is where to go on: the end of the old one's may be lost.
    if (window.server !== held.server) throw new LeaseLost();
    // An idle outbox is written to now and then only, so that what it has passed can be dropped.
    const isIdle = window.events.length === 0 && held.cursor.open === undefined;
    if (isIdle && !this.#isUpkeepDue) return false;
    const waiting = await this.#parkedAmong(window.events);
    const events = window.events.filter((event) => !waiting.has(keyOf(event)));
    const sent = await sendEvents(log, events, held.logPosition);
    if (sent.isLost) return this.#startAgain(held);
    const next: Held = { ...held, cursor: window.next, logPosition: sent.logPosition };
    const parked = [...sent.refused.values()];
    await this.#save(next, { parked });
    for (const one of parked) this.#tell(one);
    if (this.#isUpkeepDue && !window.hasMore) await this.#drop();
    return window.hasMore;
  }

  async #parkedAmong(events: OutboxWindow['events']): Promise<ReadonlySet<string>> {
    if (!this.#mayBeParked || events.length === 0) return new Set();
    return this.#store.parkedAmong(events);
  }

  async #startAgain(held: Held): Promise<true> {
    this.#given.logger.warn(
      { component: 'outbox' },
      'nova has lost events: all kept are sent again',
    );
    await this.#save({ ...held, cursor: BEGINNING, logPosition: undefined }, {});
    return true;
  }

  async #save(held: Held, changes: ParkedChanges): Promise<void> {
    if (changes.parked !== undefined && changes.parked.length > 0) this.#mayBeParked = true;
    await this.#store.save(held, { ...changes, retryMs: this.#given.settings.forwardRetryMs });
    this.#held = held;
  }

  /** Seals what is full, before a window is read; what is sealed and passed is dropped after it. */
  async #prepare(): Promise<void> {
    const { clock } = this.#given;
    if (clock.monotonicMs() < this.#upkeepAtMs) return;
    this.#upkeepAtMs = clock.monotonicMs() + UPKEEP_EVERY_MS;
    this.#isUpkeepDue = true;
    await this.#store.prepare().catch((thrown: unknown) => this.#left(thrown));
  }

  async #drop(): Promise<void> {
    this.#isUpkeepDue = false;
    const { keepForwardedMs } = this.#given.settings;
    await this.#store.drop(keepForwardedMs).catch((thrown: unknown) => this.#left(thrown));
  }

  /** Long transactions hold locks: another time. */
  #left(thrown: unknown): void {
    this.#given.logger.info(fieldsOf(thrown), 'partitions of the outbox are left as they are');
  }

  #tell({ aggregateType, aggregateId, reason, message }: Parking): void {
    this.#given.logger.error(
      {
        ...{ component: 'outbox', aggregate_type: aggregateType, aggregate_id: aggregateId },
        ...{ error_code: reason, reason: message },
      },
      'nova refuses an event: its aggregate waits',
    );
  }

  async #leave(): Promise<void> {
    this.phase = 'stopped';
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#store.leave(this.#owner, held.term).catch(() => {});
  }
}

function fieldsOf(thrown: unknown) {
  return {
    component: 'outbox',
    reason: messageOf(thrown),
    ...(isNovaError(thrown) ? { error_code: thrown.code } : {}),
  };
}
