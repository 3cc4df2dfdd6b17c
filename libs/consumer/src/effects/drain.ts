import { randomUUID } from 'node:crypto';
import { sleep } from '@nova/time';
import type { ConsumerContext } from '../context.ts';
import type { EventAppender } from '../effect.ts';
import type { Generation } from '../generation.ts';
import { carryOut } from './carry-out.ts';
import { type EffectLane, EffectLanes, LEASE_MS } from './effect-lanes.ts';
import { nextEffects, type PendingEffect } from './effect-store.ts';

const BATCH = 500;
const POLL_MS = 1000;
const AGAIN_MS = 500;

/**
 * Carries out effects after commit, in the order of writing per target, while this member holds the
 * effect lanes.
 *
 *   rung or poll → renew the leases when a third of them is over → next effects
 *                → waves of one effect per target: judge, append, remove
 */
export async function drainEffects(
  context: ConsumerContext,
  appender: EventAppender | undefined,
  generation: () => Generation | undefined,
  stop: AbortSignal,
): Promise<void> {
  const { definition, database, effectBell, meters, logger } = context;
  if (appender === undefined || definition.effects.length === 0) return;
  const lanes = new EffectLanes(database, definition.name, randomUUID());
  const held = new HeldLanes(context, lanes);
  const ears = effectBell.listening();
  await ears.start();
  while (!stop.aborted) {
    try {
      const open = generation();
      const isMore = open !== undefined && (await drainOnce(context, appender, open, held));
      meters.over('effects');
      if (!isMore) await effectBell.wait(POLL_MS, stop);
    } catch (thrown) {
      if (meters.trouble('effects', thrown)) {
        logger.warn({ err: thrown }, 'effects wait for a dependency');
      }
      await sleep(AGAIN_MS, stop);
    }
  }
  await ears.stop();
  await lanes.giveBack().catch((thrown: unknown) => {
    logger.debug({ err: thrown }, 'effect lanes not given back, their leases will end');
  });
}

/** One batch; false when nothing is left. */
async function drainOnce(
  context: ConsumerContext,
  appender: EventAppender,
  generation: Generation,
  held: HeldLanes,
): Promise<boolean> {
  const { database } = context;
  const lanes = await held.get();
  if (lanes.length === 0) return false;
  const pending = await nextEffects(database, generation.consumer, lanes, BATCH);
  const wave = firstOfEach(pending);
  if (wave.length === 0) return false;
  await carryOut(context, appender, generation, lanes, wave);
  return pending.length === BATCH || wave.length < pending.length;
}

/** The first effect of each target. */
function firstOfEach(pending: readonly PendingEffect[]): PendingEffect[] {
  const first = new Map<string, PendingEffect>();
  for (const one of pending) if (!first.has(one.target)) first.set(one.target, one);
  return [...first.values()];
}

/** The lanes held, renewed before a third of their lease is over. */
class HeldLanes {
  readonly #context: ConsumerContext;
  readonly #lanes: EffectLanes;
  #held: readonly EffectLane[] = [];
  #renewedAtMs = -LEASE_MS;
  #isPrepared = false;

  constructor(context: ConsumerContext, lanes: EffectLanes) {
    this.#context = context;
    this.#lanes = lanes;
  }

  async get(): Promise<readonly EffectLane[]> {
    const now = this.#context.clock.monotonicMs();
    if (now - this.#renewedAtMs < LEASE_MS / 3) return this.#held;
    if (!this.#isPrepared) await this.#lanes.prepare();
    this.#isPrepared = true;
    this.#held = await this.#lanes.hold();
    this.#context.effectBell.holds(this.#held.length);
    // Counted from before the request: never longer than the database counts.
    this.#renewedAtMs = now;
    return this.#held;
  }
}
