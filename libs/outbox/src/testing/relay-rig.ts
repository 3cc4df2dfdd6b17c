import type { Part } from '@nova/lifecycle';
import { silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import type { LogSource } from '../relay/log-source.ts';
import type { Relay } from '../relay/relay.ts';
import { PortedRelay } from '../relay/relay.ts';
import { type RelaySettings, relayDefaults } from '../relay/settings.ts';
import { FakePublisher } from './fake-publisher.ts';
import { MemoryLanes } from './memory-lanes.ts';
import { MemoryLog } from './memory-log.ts';

const FAST: Partial<RelaySettings> = {
  pollIntervalMs: 20,
  minWindowGapMs: 0,
  slowSendMs: 200,
  advanceIntervalMs: 5,
  leaseMs: 60_000,
  renewIntervalMs: 50,
  stopDeadlineMs: 300,
  parkedRetryMs: 20,
};

const NO_BACKLOG = {
  pending: 0n,
  oldestPendingAgeMs: undefined,
  parked: { aggregates: 0n, events: 0n, oldestAgeMs: 0 },
};

/** A relay that a spec can stop in the middle: while paused, nothing it asks for is answered. */
export interface RiggedRelay extends Relay {
  pause(): void;
  resume(): void;
}

/** A log, lanes and relays in memory, checked as they go. */
export class RelayRig {
  readonly log = new MemoryLog();
  readonly lanes = new MemoryLanes();
  readonly publisher = new FakePublisher();
  /** What a relay did that it must never do. */
  readonly offences: string[] = [];
  readonly #relays: RiggedRelay[] = [];
  readonly #settings: RelaySettings;

  constructor(settings: Partial<RelaySettings> = {}) {
    this.#settings = { ...relayDefaults, ...FAST, ...settings };
    this.lanes.isInLog = ({ position, eventId }) =>
      this.log.events.some((one) => one.eventId === eventId && one.position.position === position);
    this.lanes.onAdvance = (lane, position) => this.#checkAdvance(lane, position);
  }

  /** A new relay over the rig's log and lanes, not yet started. */
  relay(relayId: string, publisher = this.publisher): RiggedRelay {
    let gate: Promise<void> = Promise.resolve();
    let open: (() => void) | undefined;
    const source: LogSource = {
      ofAggregate: (range) => gate.then(() => this.log.ofAggregate(range)),
      head: () => gate.then(() => this.log.head()),
      read: (range) => gate.then(() => this.log.read(range)),
    };
    const relay = new PortedRelay({
      source,
      store: this.lanes.storeFor(relayId, this.#settings.leaseMs, () => gate),
      publisher,
      listen: (wake) => watching(this.log, wake),
      republishes: {
        inWork: () => Promise.resolve(undefined),
        move: () => Promise.resolve(),
        end: () => Promise.resolve(false),
      },
      backlog: () => Promise.resolve(NO_BACKLOG),
      relayId,
      clock: systemClock,
      logger: silentLogger,
      settings: this.#settings,
    });
    const rigged: RiggedRelay = {
      name: relay.name,
      start: () => relay.start(),
      stop: () => relay.stop(),
      status: () => relay.status(),
      pause() {
        if (open !== undefined) return;
        gate = new Promise((resolve) => {
          open = resolve;
        });
      },
      resume() {
        open?.();
        open = undefined;
      },
    };
    this.#relays.push(rigged);
    return rigged;
  }

  /** Stops every relay and lets everything that hangs go. */
  async close(): Promise<void> {
    this.publisher.release();
    for (const relay of this.#relays) relay.resume();
    await Promise.all(this.#relays.map((relay) => relay.stop()));
  }

  /** Whether every event of the log has arrived. */
  isPublished(): boolean {
    const arrived = new Set(this.publisher.arrived.map(({ headers }) => headers['ce_id']));
    return this.log.events.every(({ eventId }) => arrived.has(eventId));
  }

  /** Whether the stored position of every lane is the head of the log. */
  isAdvanced(): boolean {
    const head = BigInt(this.log.events.length);
    return this.lanes.rows.every(({ position }) => position === head);
  }

  /** First occurrences that came before an earlier event of their key and topic; ideally none. */
  disorder(): readonly string[] {
    const highest = new Map<string, number>();
    const seen = new Set<string>();
    return this.publisher.arrived.flatMap(({ topic, key, headers }) => {
      const id = headers['ce_id'] ?? '';
      if (seen.has(id)) return [];
      seen.add(id);
      const sequence = Number(headers['ce_novatypesequence']);
      const before = highest.get(`${topic} ${key}`) ?? 0;
      highest.set(`${topic} ${key}`, sequence);
      return sequence === before + 1 ? [] : [`${topic} ${key} ${sequence} after ${before}`];
    });
  }

  /** How often records arrived more than once. */
  repetitions(): number {
    return (
      this.publisher.arrived.length -
      new Set(this.publisher.arrived.map(({ headers }) => headers['ce_id'])).size
    );
  }

  #checkAdvance(lane: number, position: bigint): void {
    const arrived = new Set(this.publisher.arrived.map(({ headers }) => headers['ce_id']));
    for (const event of this.log.events) {
      if (event.lane !== lane || event.position.position > position) continue;
      const from = this.lanes.parked.get(event.aggregateId)?.position;
      if (from !== undefined && from <= event.position.position) continue;
      if (!arrived.has(event.eventId)) {
        this.offences.push(`lane ${lane} moved to ${position} without ${event.position.position}`);
      }
    }
  }
}

function watching(log: MemoryLog, wake: () => void): Part {
  let remove = () => {};
  return {
    name: 'watching',
    start() {
      remove = log.watch(wake);
      return Promise.resolve();
    },
    stop() {
      remove();
      return Promise.resolve();
    },
  };
}
