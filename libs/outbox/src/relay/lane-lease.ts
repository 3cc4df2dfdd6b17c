import { LANES } from '@nova/events';
import { sleep } from '@nova/time';
import type { Advance } from './advance.ts';
import type { RelayContext } from './context.ts';
import type { Lane } from './lane.ts';

/**
 * Keeps this relay's fair share of the lanes: 64 divided by the relays that live, rounded up.
 *
 *   every renewIntervalMs: say that this relay lives, renew what it holds, drop what it no longer
 *   holds, give back what is above its share, claim what nobody holds up to its share
 *
 * Leases are judged by the database's clock. What this process knows of them is counted by its
 * monotonic clock from before the request, so it never believes in a lease longer than the database.
 */
export class LaneLease {
  readonly #context: RelayContext;
  readonly #advance: Advance;

  constructor(context: RelayContext, advance: Advance) {
    this.#context = context;
    this.#advance = advance;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock, settings } = this.#context;
    while (!stop.aborted) {
      const startedAt = clock.monotonicMs();
      const intervalMs = (await this.tick())
        ? settings.renewIntervalMs
        : settings.renewIntervalMs / 3;
      await sleep(startedAt + intervalMs - clock.monotonicMs(), stop);
    }
  }

  /** One round; false when the database did not take part. */
  async tick(): Promise<boolean> {
    const { store, logger, meters } = this.#context;
    try {
      const { others } = await store.beat();
      await this.#renew();
      const share = Math.ceil(LANES / (others + 1));
      await this.#giveBackAbove(share);
      await this.#claimUpTo(share);
      return true;
    } catch (thrown) {
      meters.failed(thrown);
      logger.debug({ err: thrown }, 'leases not renewed');
      return false;
    }
  }

  /** Writes the last positions and gives every lane back, so that others need not wait. */
  async giveUp(): Promise<void> {
    const { table, store } = this.#context;
    await this.#advance.flush();
    await this.#release(table.owned());
    await store.leave();
  }

  async #renew(): Promise<void> {
    const { table, store, clock, settings, logger } = this.#context;
    const lanes = table.owned();
    if (lanes.length === 0) return;
    await this.#advance.exclusively(async () => {
      const askedAt = clock.monotonicMs();
      const held = await store.renew(terms(lanes));
      for (const lane of lanes) {
        if (held.has(lane.lane)) lane.leaseEndsAtMs = askedAt + settings.leaseMs;
      }
      const lost = lanes.filter((lane) => lane.isOwned && !held.has(lane.lane));
      for (const lane of lost) table.drop(lane);
      if (lost.length > 0) logger.warn({ lanes: lost.length }, 'lanes lost, their lease had ended');
    });
  }

  async #giveBackAbove(share: number): Promise<void> {
    const { table, logger } = this.#context;
    const staying = table.owned().filter(({ isLeaving }) => !isLeaving);
    for (const lane of staying.slice(share)) lane.isLeaving = true;
    const leaving = table.owned().filter((lane) => lane.isLeaving && !lane.isInWork);
    if (leaving.length === 0) return;
    await this.#advance.flush();
    await this.#release(leaving);
    logger.info({ lanes: leaving.length }, 'lanes given back to another relay');
  }

  async #release(lanes: readonly Lane[]): Promise<void> {
    const { table, store } = this.#context;
    const owned = lanes.filter(({ isOwned }) => isOwned);
    if (owned.length === 0) return;
    await this.#advance.exclusively(() => store.release(terms(owned)));
    for (const lane of owned) table.drop(lane);
  }

  async #claimUpTo(share: number): Promise<void> {
    const { table, store, clock, settings, logger, frontWork, gapWork } = this.#context;
    const missing = share - table.owned().length;
    if (missing <= 0) return;
    const askedAt = clock.monotonicMs();
    const claimed = await store.claim(missing);
    if (claimed.length === 0) return;
    table.add(claimed, askedAt + settings.leaseMs);
    logger.info({ lanes: claimed.length }, 'lanes claimed');
    frontWork.notify();
    gapWork.notify();
  }
}

function terms(lanes: readonly Lane[]): readonly { lane: number; term: bigint }[] {
  return lanes.map(({ lane, term }) => ({ lane, term }));
}
