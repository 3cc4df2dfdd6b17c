import type { Logger } from '@nova/telemetry';
import { type Clock, sleep } from '@nova/time';
import { largestGroupsFirst } from './groups.ts';
import type { HeldLane, LaneTerm } from './lane.ts';
import type { LeaseStore } from './lease-store.ts';

/** Whoever works with the lanes that this process holds. */
export interface LaneHolder<Lane extends HeldLane, Claimed extends LaneTerm> {
  owned(): readonly Lane[];
  add(claimed: readonly Claimed[], leaseEndsAtMs: number): void;
  /** Takes out a lane that is lost or given back, and marks it as no longer owned. */
  drop(lane: Lane): void;
  /** Stores what is known of the lanes, before they are given back. */
  flush(): Promise<void>;
  /** Runs a request beside which no other write for these lanes may be in work. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** What a fair share is kept with. */
export interface FairShareOptions<Lane extends HeldLane, Claimed extends LaneTerm> {
  readonly store: LeaseStore<Claimed>;
  readonly holder: LaneHolder<Lane, Claimed>;
  /** How many lanes there are. */
  readonly lanes: number;
  readonly leaseMs: number;
  readonly renewIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told what the database answered when it did not take part. */
  readonly failed: (thrown: unknown) => void;
}

/**
 * Keeps this member's fair share of the lanes: all of them divided by the members that live,
 * rounded up.
 *
 *   every renewIntervalMs: say that this member lives, renew what it holds, drop what it no longer
 *   holds, give back what is above its share, claim what nobody holds up to its share
 *
 * And when a lease of another member ends: members that live renew theirs long before, so it is one
 * of a dead member, whose lanes would else wait for the next round.
 *
 * Leases are judged by the database's clock. What this process knows of them is counted by its
 * monotonic clock from before the request, so it never believes in a lease longer than the database.
 */
export class FairShare<Lane extends HeldLane, Claimed extends LaneTerm> {
  readonly #options: FairShareOptions<Lane, Claimed>;

  constructor(options: FairShareOptions<Lane, Claimed>) {
    this.#options = options;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!stop.aborted) {
      const againAtMs = await this.#tick();
      await sleep(againAtMs - clock.monotonicMs(), stop);
    }
  }

  /** One round; resolves with the monotonic time of the next one. */
  async #tick(): Promise<number> {
    const { store, clock, renewIntervalMs, logger, failed, lanes } = this.#options;
    const startedAtMs = clock.monotonicMs();
    try {
      const { others, leaseEndsInMs = renewIntervalMs } = await store.beat();
      // Timers count whole milliseconds, and may be early by one.
      const endsAtMs = clock.monotonicMs() + leaseEndsInMs + 1;
      await this.#renew();
      const share = Math.ceil(lanes / (others + 1));
      await this.#giveBackAbove(share);
      await this.#claimUpTo(share);
      return Math.min(startedAtMs + renewIntervalMs, endsAtMs);
    } catch (thrown) {
      failed(thrown);
      logger.debug({ err: thrown }, 'leases not renewed');
      return startedAtMs + renewIntervalMs / 3;
    }
  }

  /** Stores what is known and gives every lane back, so that others need not wait. */
  async giveUp(): Promise<void> {
    const { holder, store } = this.#options;
    await holder.flush();
    await this.#release(holder.owned());
    await store.leave();
  }

  async #renew(): Promise<void> {
    const { holder, store, clock, leaseMs, logger } = this.#options;
    const lanes = holder.owned();
    if (lanes.length === 0) return;
    await holder.exclusively(async () => {
      const askedAt = clock.monotonicMs();
      const held = await store.renew(terms(lanes));
      for (const lane of lanes) {
        if (held.has(lane.lane)) lane.leaseEndsAtMs = askedAt + leaseMs;
      }
      const lost = lanes.filter((lane) => lane.isOwned && !held.has(lane.lane));
      for (const lane of lost) holder.drop(lane);
      if (lost.length > 0) logger.warn({ lanes: lost.length }, 'lanes lost, their lease had ended');
    });
  }

  async #giveBackAbove(share: number): Promise<void> {
    const { holder, store, logger } = this.#options;
    const staying = holder.owned().filter(({ isLeaving }) => !isLeaving);
    for (const lane of largestGroupsFirst(staying, store.groups).slice(share))
      lane.isLeaving = true;
    const leaving = holder.owned().filter((lane) => lane.isLeaving && !lane.isInWork);
    if (leaving.length === 0) return;
    await holder.flush();
    await this.#release(leaving);
    logger.info({ lanes: leaving.length }, 'lanes given back to another member');
  }

  async #release(lanes: readonly Lane[]): Promise<void> {
    const { holder, store } = this.#options;
    const owned = lanes.filter(({ isOwned }) => isOwned);
    if (owned.length === 0) return;
    await holder.exclusively(() => store.release(terms(owned)));
    for (const lane of owned) holder.drop(lane);
  }

  async #claimUpTo(share: number): Promise<void> {
    const { holder, store, clock, leaseMs, logger } = this.#options;
    const missing = share - holder.owned().length;
    if (missing <= 0) return;
    const askedAt = clock.monotonicMs();
    const claimed = await store.claim(missing);
    if (claimed.length === 0) return;
    holder.add(claimed, askedAt + leaseMs);
    logger.info({ lanes: claimed.length }, 'lanes claimed');
  }
}

function terms(lanes: readonly LaneTerm[]): readonly LaneTerm[] {
  return lanes.map(({ lane, term }) => ({ lane, term }));
}
