import { randomUUID } from 'node:crypto';
import { LANES } from '@nova/events';
import { FairShare, type HeldLane, type LaneTerm, leaseStore } from '@nova/lease';
import type { ConsumerContext } from '../context.ts';

const LEASE_MS = 5000;
const RENEW_EVERY_MS = 1500;
/** Nothing is begun with less of the lease left than this. */
const LEAST_LEASE_MS = 1000;

/**
 * The effect lanes that this member holds: 64 of each consumer, shared by its members by leases as
 * the relays share those of the log. Pure memory but for the leases themselves.
 */
export class EffectLanes {
  readonly #context: ConsumerContext;
  readonly #share: FairShare<HeldLane, LaneTerm>;
  readonly #lanes = new Map<number, HeldLane>();
  #isPrepared = false;

  constructor(context: ConsumerContext) {
    this.#context = context;
    const { database, definition, clock, logger, meters } = context;
    const store = leaseStore(
      database,
      {
        lanes: 'consumer_effect_lanes',
        members: 'consumer_effect_members',
        memberColumn: 'member',
        scope: { column: 'consumer', value: definition.name },
      },
      { memberId: randomUUID(), leaseMs: LEASE_MS },
    );
    this.#share = new FairShare({
      store: {
        ...store,
        beat: async () => {
          await this.#prepare();
          return store.beat();
        },
      },
      holder: {
        owned: () => [...this.#lanes.values()],
        add: (claimed, leaseEndsAtMs) => this.#add(claimed, leaseEndsAtMs),
        drop: (lane) => this.#drop(lane),
        // Nothing is known of an effect lane but what the database knows.
        flush: () => Promise.resolve(),
        exclusively: (work) => work(),
      },
      lanes: LANES,
      leaseMs: LEASE_MS,
      renewIntervalMs: RENEW_EVERY_MS,
      clock,
      logger,
      failed: (thrown) => meters.failed(thrown),
    });
  }

  /** Keeps a fair share of the lanes. */
  run(stop: AbortSignal): Promise<void> {
    return this.#share.run(stop);
  }

  /** Gives everything back, so that another member need not wait for the leases to end. */
  giveUp(): Promise<void> {
    return this.#share.giveUp();
  }

  /** Lanes with enough of their lease left; they stay until `work` is done. */
  async withLanes<T>(work: (lanes: readonly HeldLane[]) => Promise<T>): Promise<T> {
    const lanes = [...this.#lanes.values()].filter((lane) => !lane.isLeaving && this.isHeld(lane));
    for (const lane of lanes) lane.isInWork = true;
    try {
      return await work(lanes);
    } finally {
      for (const lane of lanes) lane.isInWork = false;
    }
  }

  isHeld({ isOwned, leaseEndsAtMs }: HeldLane): boolean {
    return isOwned && leaseEndsAtMs - this.#context.clock.monotonicMs() >= LEAST_LEASE_MS;
  }

  /** Makes the lanes' rows, once. */
  async #prepare(): Promise<void> {
    if (this.#isPrepared) return;
    const { database, definition } = this.#context;
    await database.query(
      `INSERT INTO consumer_effect_lanes (consumer, lane)
       SELECT $1, generate_series(0, $2::integer - 1) ON CONFLICT DO NOTHING`,
      [definition.name, LANES],
    );
    this.#isPrepared = true;
  }

  #add(claimed: readonly LaneTerm[], leaseEndsAtMs: number): void {
    for (const { lane, term } of claimed) {
      const flags = { isInWork: false, isLeaving: false, isOwned: true };
      this.#lanes.set(lane, { lane, term, leaseEndsAtMs, ...flags });
    }
    this.#context.effectBell.holds(this.#lanes.size);
  }

  #drop(lane: HeldLane): void {
    lane.isOwned = false;
    if (this.#lanes.get(lane.lane) === lane) this.#lanes.delete(lane.lane);
    this.#context.effectBell.holds(this.#lanes.size);
  }
}
