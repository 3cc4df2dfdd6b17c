import { isNovaError, NovaError } from '@nova/errors';
import type { Queryable } from '@nova/postgres';
import type { PayloadForm } from '@nova/projection';
import type { Logger } from '@nova/telemetry';
import { type Backoff, backoffMs, sleep } from '@nova/time';
import type { Consumer } from './consumer.ts';
import type { ConsumerContext } from './context.ts';
import { countWaiting, noCounts, type WaitingCounts } from './counts.ts';
import { type DecisionBasis, readBasis, type WantedBasis } from './decision-basis.ts';
import { groupIdOf } from './definition.ts';
import type { DeliverySource } from './delivery-source.ts';
import { deliveryState } from './delivery-state.ts';
import type { EventAppender } from './effect.ts';
import { drainEffects } from './effects/drain.ts';
import { errors } from './errors.ts';
import { isFinal, isOutage } from './failure.ts';
import { observeConsumer } from './gauges.ts';
import {
  entered,
  enterGeneration,
  type Generation,
  openGeneration,
  openServing,
  servingNumber,
} from './generation.ts';
import { lagSeconds } from './lag.ts';
import { type ParkingLot, parkingLot } from './parking/parking-lot.ts';
import { runPurges } from './purge-retired.ts';
import { OperatorRebuilds } from './rebuilding.ts';
import { schemasOf } from './schemas.ts';
import { Session } from './session.ts';
import type { ConsumerPhase, ConsumerStatus, DeliveryState, TokenAnswer } from './status.ts';
import { waitForToken } from './wait-for-token.ts';

const AGAIN: Backoff = { initialMs: 200, factor: 2, maxMs: 5000, jitter: 0.2 };
const COUNT_EVERY_MS = 2000;

/** What a consumer is made of besides the shared context. */
export interface RunnerPorts {
  readonly context: ConsumerContext;
  readonly source: DeliverySource;
  readonly appender: EventAppender | undefined;
  /** Whether views that have changed may be made anew. */
  readonly mayRebuild: boolean;
}

/** A consumer over its ports; see the package comment for how it works. */
export class ConsumerRunner implements Consumer {
  readonly name = 'consumer';
  readonly parking: ParkingLot;
  readonly rebuilding: OperatorRebuilds;
  readonly #ports: RunnerPorts;
  readonly #logger: Logger;
  readonly #schemas: ReadonlyMap<string, PayloadForm>;
  #generation: Generation | undefined;
  #session: Session | undefined;
  #running: { readonly stop: AbortController; readonly loops: Promise<unknown> } | undefined;
  #stopping: Promise<void> | undefined;
  #counts: WaitingCounts = noCounts;
  #refused: unknown;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#logger = ports.context.logger;
    this.#schemas = schemasOf(ports.context.definition);
    this.parking = parkingLot(ports.context, () => this.#serving());
    this.rebuilding = new OperatorRebuilds({
      context: ports.context,
      session: () => this.#live(),
      served: (made) => this.#moveTo(made),
    });
  }

  /**
   * Resolves also while database, log or Kafka are away: it goes on trying.
   *
   * @throws CONSUMER_DEFINITION_CHANGED, PROJECTION_VIEW_INVALID
   */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    try {
      this.#generation = await this.#openGeneration();
    } catch (thrown) {
      if (isFinal(thrown)) throw thrown;
      this.#ports.context.meters.trouble('open', thrown);
      this.#logger.warn({ err: thrown }, 'consumer waits for a dependency');
    }
    const stop = new AbortController();
    const { context, appender } = this.#ports;
    const gauges = observeConsumer({
      status: () => this.status(),
      partitions: () => this.#session?.context.intake.partitions() ?? [],
      oldestParkedSeconds: () => this.#counts.oldestParkedSeconds,
    });
    const loops = Promise.all([
      this.#sessions(stop.signal),
      this.#count(stop.signal),
      runPurges(context, stop.signal),
      this.rebuilding.run(stop.signal),
      drainEffects(context, appender, () => this.#generation, stop.signal),
    ]).finally(() => {
      for (const one of gauges) one.remove();
    });
    loops.catch((thrown: unknown) => {
      context.meters.trouble('bug', thrown);
      this.#logger.error({ err: thrown }, 'consumer ended by a bug');
    });
    this.#running = { stop, loops };
  }

  /** Takes no more, finishes the round in work, leaves the group. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.stop.abort();
    await running.loops.catch(() => {});
    await this.#ports.context.journal.close().catch(() => {});
    this.#running = undefined;
  }

  status(): ConsumerStatus {
    const { context } = this.#ports;
    const { meters, definition, clock } = context;
    const partitions = this.#session?.context.intake.partitions() ?? [];
    const lag = partitions.reduce((sum, partition) => sum + partition.lag(), 0n);
    const generation = this.#generation?.generation ?? 0;
    const { oldestParkedSeconds: _, ...counts } = this.#counts;
    return {
      service: definition.service,
      consumer: definition.name,
      groupId: groupIdOf(definition, Math.max(1, generation)),
      phase: this.#phase(),
      generation,
      eventTypes: [...(this.#generation?.eventTypes.keys() ?? [])],
      lagEvents: Number(lag),
      lagSeconds: lagSeconds(partitions, meters, clock),
      assignedPartitions: partitions.length,
      appliedTotal: meters.appliedTotal,
      duplicateTotal: meters.duplicateTotal,
      filledTotal: meters.filledTotal,
      foreignTotal: meters.foreignTotal,
      ...counts,
      trouble: meters.why() ?? this.#session?.context.source()?.trouble(),
    };
  }

  async waitFor(token: string, deadlineMs: number): Promise<TokenAnswer> {
    return waitForToken(this.#ports.context, () => this.#generation, token, deadlineMs);
  }

  async stateOf(query: Parameters<Consumer['stateOf']>[0]): Promise<DeliveryState> {
    return deliveryState(this.#ports.context.database, this.#serving(), query);
  }

  read<T>(work: (views: Queryable) => Promise<T>): Promise<T> {
    return this.#onServing((generation) =>
      this.#ports.context.database.snapshot((views) =>
        entered(enterGeneration(views, generation), work(views)),
      ),
    );
  }

  basis(wanted: WantedBasis): Promise<DecisionBasis> {
    const { database, epochs } = this.#ports.context;
    return this.#onServing((generation) =>
      readBasis({ database, generation, epochs, schemas: this.#schemas }, wanted),
    );
  }

  rebuild(): Promise<number> {
    return this.rebuilding.now();
  }

  #live() {
    const stop = this.#running?.stop.signal;
    if (this.#session === undefined || stop === undefined) return undefined;
    return { live: this.#session.context, stop };
  }

  /** Another generation serves: made here, or found to have been made by another member. */
  #moveTo(generation: Generation): void {
    if (generation.generation === this.#generation?.generation) return;
    this.#generation = generation;
    this.#ports.context.board.clear();
    this.#session?.context.restart('another generation serves');
  }

  async #reopen(): Promise<Generation> {
    const generation = await this.#openGeneration();
    this.#moveTo(generation);
    return generation;
  }

  /** Once more where another generation has come to serve. */
  async #onServing<T>(work: (generation: Generation) => Promise<T>): Promise<T> {
    try {
      return await work(this.#serving());
    } catch (thrown) {
      if (!isNovaError(thrown, errors.CONSUMER_GENERATION_RETIRED)) throw thrown;
      return work(await this.#reopen());
    }
  }

  #serving(): Generation {
    if (this.#generation === undefined) throw this.#notOpen();
    return this.#generation;
  }

  #notOpen(): NovaError {
    const { name: consumer } = this.#ports.context.definition;
    return new NovaError(errors.CONSUMER_NOT_OPEN, { consumer });
  }

  async #openGeneration(): Promise<Generation> {
    const { context, mayRebuild } = this.#ports;
    const { database, definition, log, epochs, settings } = context;
    const standing = await epochs.ask(log).catch(async (thrown: unknown) => {
      // Without the log nothing is applied, but what was applied before can be read.
      this.#generation ??= await openServing(database, definition).catch(() => undefined);
      throw thrown;
    });
    const generation = await openGeneration(database, definition, {
      head: standing.head,
      effectsFrom: settings.effectsFrom,
      mayRebuild,
    });
    this.#logger.info({ count: generation.generation }, 'generation opened');
    return generation;
  }

  async #sessions(stop: AbortSignal): Promise<void> {
    const { context, source } = this.#ports;
    let failures = 0;
    while (!stop.aborted) {
      try {
        const generation = await this.#reopen();
        context.meters.over('open');
        this.#session = new Session(context, generation, source);
        failures = 0;
        await this.#session.run(stop);
      } catch (thrown) {
        if (isFinal(thrown)) this.#refused = thrown;
        if (context.meters.trouble('open', thrown)) {
          const log = isOutage(thrown) ? this.#logger.warn : this.#logger.error;
          log.call(this.#logger, { err: thrown }, 'consumer cannot work, it tries again');
        }
        failures += 1;
        await sleep(backoffMs(AGAIN, failures), stop);
      }
      this.#session = undefined;
    }
  }

  async #count(stop: AbortSignal): Promise<void> {
    const { database } = this.#ports.context;
    while (!stop.aborted) {
      const open = this.#generation;
      if (open !== undefined) {
        this.#counts = await countWaiting(database, open).catch(() => this.#counts);
        const serving = await servingNumber(database, open.consumer).catch(() => undefined);
        const isOther = serving !== undefined && serving !== open.generation;
        if (isOther && !stop.aborted) {
          // Also where it cannot be opened: the sessions tell why, and go on trying.
          await this.#reopen().catch(() => this.#session?.context.restart('another one serves'));
        }
      }
      await sleep(COUNT_EVERY_MS, stop);
    }
  }

  #phase(): ConsumerPhase {
    if (this.#running === undefined) return 'stopped';
    if (this.#refused !== undefined && this.#session === undefined) return 'paused';
    if (this.#ports.context.meters.stands() !== undefined) return 'paused';
    const session = this.#session;
    const source = session?.context.source();
    if (session === undefined || source === undefined) return 'starting';
    if (session.context.isStarting()) return 'catching_up';
    // A member may have no partitions: then it stands by, which is work too.
    const hasBegun =
      session.context.intake.partitions().length > 0 || source.assigned().length === 0;
    return source.trouble() === undefined && hasBegun ? 'running' : 'starting';
  }
}
