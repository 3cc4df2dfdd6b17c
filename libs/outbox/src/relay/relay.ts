import type { FairShare } from '@nova/lease';
import type { Part } from '@nova/lifecycle';
import { type GaugeMetric, gauge, type Logger, metricNames, type Reading } from '@nova/telemetry';
import { type Clock, Signal, sleep } from '@nova/time';
import type { ParkedTotals } from '../parked.ts';
import { Advance } from './advance.ts';
import type { RelayContext } from './context.ts';
import { Front } from './front.ts';
import { runGap } from './gap.ts';
import { KnownLog } from './known-log.ts';
import type { ClaimedLane, Lane } from './lane.ts';
import { laneLease } from './lane-lease.ts';
import type { LaneStore } from './lane-store.ts';
import { LaneTable } from './lane-table.ts';
import type { LogSource } from './log-source.ts';
import { RelayMeters } from './meters.ts';
import { runParkedRetry } from './parked-retry.ts';
import type { EventPublisher } from './publisher.ts';
import { runRepublish } from './republish.ts';
import type { RepublishStore } from './republish-store.ts';
import type { RelaySettings } from './settings.ts';
import { type RelayStatus, statusOf } from './status.ts';

/** A relay: a part that publishes the log, and tells how it is doing. */
export interface Relay extends Part {
  status(): RelayStatus;
}

/** How much of the log waits to be published. */
export interface Backlog {
  readonly pending: bigint;
  /** Undefined when nothing waits. */
  readonly oldestPendingAgeMs: number | undefined;
  /** What Kafka refuses; it is not pending. */
  readonly parked: Omit<ParkedTotals, 'since'>;
}

/** What a relay works with. */
export interface RelayPorts {
  readonly source: LogSource;
  readonly store: LaneStore;
  readonly republishes: RepublishStore;
  readonly publisher: EventPublisher;
  /** Calls the given function whenever something may have been appended. */
  readonly listen: (wake: () => void) => Part;
  /** Asked when metrics are collected. */
  readonly backlog: () => Promise<Backlog>;
  readonly relayId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: RelaySettings;
}

/** A relay over its ports; see the package comment for how it works. */
export class PortedRelay implements Relay {
  readonly name = 'relay';
  readonly #ports: RelayPorts;
  readonly #context: RelayContext;
  readonly #lease: FairShare<Lane, ClaimedLane>;
  readonly #advance: Advance;
  readonly #listening: Part;
  #running: { readonly stop: AbortController; readonly loops: Promise<void> } | undefined;
  #stopping: Promise<void> | undefined;

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    const { source, store, publisher, clock, settings, relayId } = ports;
    this.#context = {
      table: new LaneTable(clock, settings.windowRows, settings.leaseMs),
      source,
      log: new KnownLog(),
      store,
      publisher,
      clock,
      settings,
      logger: ports.logger.child({ component: 'relay', relay: relayId }),
      meters: new RelayMeters(clock),
      frontWork: new Signal(),
      gapWork: new Signal(),
      moved: new Signal(),
      open: new Set(),
    };
    this.#advance = new Advance(this.#context);
    this.#lease = laneLease(this.#context, this.#advance);
    this.#listening = ports.listen(() => this.#context.frontWork.notify());
  }

  /** Resolves also when the database is not there yet: the relay goes on trying. */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const stop = new AbortController();
    const context = this.#context;
    const gauges = this.#observe();
    await this.#listening.start();
    const loops = Promise.all([
      this.#lease.run(stop.signal),
      new Front(context).run(stop.signal),
      runGap(context, stop.signal),
      this.#advance.run(stop.signal),
      runParkedRetry(context, stop.signal),
      runRepublish(context, this.#ports.republishes, stop.signal),
    ]).then(() => {
      for (const one of gauges) one.remove();
    });
    this.#running = { stop, loops };
    loops.catch((thrown: unknown) => {
      context.meters.failed(thrown);
      context.logger.error({ err: thrown }, 'relay ended by a bug');
    });
  }

  /** Begins no new sends, waits for those in work, writes the last positions, gives lanes back. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  status(): RelayStatus {
    return statusOf(this.#context, this.#ports.relayId, this.#running !== undefined);
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const { logger, open, settings } = this.#context;
    running.stop.abort();
    await this.#listening.stop();
    await running.loops.catch(() => {});
    const settled = new AbortController();
    await Promise.race([Promise.all(open), sleep(settings.stopDeadlineMs, settled.signal)]);
    // Else its timer would keep the process alive.
    settled.abort();
    await this.#lease.giveUp().catch((thrown: unknown) => {
      logger.warn({ err: thrown }, 'lanes not given back, their leases will end');
    });
    this.#running = undefined;
  }

  #observe(): readonly GaugeMetric[] {
    const { table } = this.#context;
    let asked: Promise<Backlog> | undefined;
    // Both gauges are read in one collection: they share an answer.
    const backlog = async (read: (found: Backlog) => readonly Reading[]) => {
      asked ??= this.#ports.backlog().finally(() => {
        asked = undefined;
      });
      return read(await asked);
    };
    return [
      gauge(metricNames.relayLaneOwned, 'Lanes that this relay owns.', () => [
        { value: table.owned().length },
      ]),
      gauge(metricNames.outboxPending, 'Events that are not yet acknowledged by Kafka.', () =>
        backlog(({ pending }) => [{ value: Number(pending) }]),
      ),
      gauge(metricNames.outboxOldestPendingAge, 'Age of the oldest event that waits.', () =>
        backlog(({ oldestPendingAgeMs }) => [{ value: (oldestPendingAgeMs ?? 0) / 1000 }]),
      ),
      gauge(metricNames.parkedAggregates, 'Aggregates whose next event fails.', () =>
        backlog(({ parked }) => [{ value: Number(parked.aggregates) }]),
      ),
      gauge(metricNames.parkedEvents, 'Events that wait behind a failure.', () =>
        backlog(({ parked }) => [{ value: Number(parked.events) }]),
      ),
      gauge(metricNames.parkedOldestAge, 'Time since the first failure that lasts.', () =>
        backlog(({ parked }) => [{ value: parked.oldestAgeMs / 1000 }]),
      ),
    ];
  }
}
