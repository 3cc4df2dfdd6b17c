import { sleep } from '@nova/time';
import type { ConsumerContext } from '../context.ts';
import type { EventAppender } from '../effect.ts';
import type { Generation } from '../generation.ts';
import { carryOut } from './carry-out.ts';
import { EffectLanes } from './effect-lanes.ts';
import { nextEffects, type PendingEffect } from './effect-store.ts';

const BATCH = 500;
const POLL_MS = 1000;
const AGAIN_MS = 500;

/**
 * Carries out effects after commit, in the order of writing per target, those of the effect lanes
 * that this member holds.
 *
 *   rung or poll → remove what is done, next effects → judge all, append all ─┐
 *        ^────────────────────────────────────────────────────────────────────┘
 */
export async function drainEffects(
  context: ConsumerContext,
  appender: EventAppender | undefined,
  generation: () => Generation | undefined,
  stop: AbortSignal,
): Promise<void> {
  if (appender === undefined || context.definition.effects.length === 0) return;
  const lanes = new EffectLanes(context);
  const ears = context.effectBell.listening();
  await ears.start();
  await Promise.all([lanes.run(stop), drainAll(context, appender, generation, lanes, stop)]);
  await ears.stop();
  await lanes.giveUp().catch((thrown: unknown) => {
    context.logger.debug({ err: thrown }, 'effect lanes not given back, their leases will end');
  });
}

async function drainAll(
  context: ConsumerContext,
  appender: EventAppender,
  generation: () => Generation | undefined,
  lanes: EffectLanes,
  stop: AbortSignal,
): Promise<void> {
  const { effectBell, meters, logger } = context;
  let drained = NOTHING;
  // What is done is removed together with the next look, also with the last one.
  while (!stop.aborted || drained.done.length > 0) {
    try {
      const open = generation();
      if (open === undefined) drained = NOTHING;
      else drained = await drainOnce(context, appender, open, lanes, drained.done, stop);
      meters.over('effects');
      if (!drained.isMore) await effectBell.wait(POLL_MS, stop);
    } catch (thrown) {
      if (meters.trouble('effects', thrown)) {
        logger.warn({ err: thrown }, 'effects wait for a dependency');
      }
      if (stop.aborted) return;
      await sleep(AGAIN_MS, stop);
    }
  }
}

/** What one look at the effects came to. */
interface Drained {
  /** Carried out, and not removed yet. */
  readonly done: readonly PendingEffect[];
  /** Something is left to be done at once. */
  readonly isMore: boolean;
}

const NOTHING: Drained = { done: [], isMore: false };

/** Removes what is done and carries out one batch more; while it stops, removes only. */
function drainOnce(
  context: ConsumerContext,
  appender: EventAppender,
  generation: Generation,
  lanes: EffectLanes,
  done: readonly PendingEffect[],
  stop: AbortSignal,
): Promise<Drained> {
  return lanes.withLanes(async (held) => {
    if (held.length === 0) return NOTHING;
    const { database } = context;
    const pending = await nextEffects(database, generation.consumer, held, done, BATCH);
    if (pending.length === 0 || stop.aborted) return NOTHING;
    const carriedOut = await carryOut(context, appender, generation, held, pending);
    return { done: carriedOut, isMore: carriedOut.length > 0 || pending.length === BATCH };
  });
}
