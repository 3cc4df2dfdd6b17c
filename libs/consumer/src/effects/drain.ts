import { sleep } from '@nova/time';
import type { ConsumerContext } from '../context.ts';
import type { EventAppender } from '../effect.ts';
import type { Generation } from '../generation.ts';
import { carryOut } from './carry-out.ts';
import { EffectLanes } from './effect-lanes.ts';
import { nextEffects } from './effect-store.ts';

const BATCH = 500;
const POLL_MS = 1000;
const AGAIN_MS = 500;

/**
 * Carries out effects after commit, in the order of writing per target, those of the effect lanes
 * that this member holds.
 *
 *   rung or poll → next effects → judge all, append all, remove what is done
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
  while (!stop.aborted) {
    try {
      const open = generation();
      const isMore = open !== undefined && (await drainOnce(context, appender, open, lanes));
      meters.over('effects');
      if (!isMore) await effectBell.wait(POLL_MS, stop);
    } catch (thrown) {
      if (meters.trouble('effects', thrown)) {
        logger.warn({ err: thrown }, 'effects wait for a dependency');
      }
      await sleep(AGAIN_MS, stop);
    }
  }
}

/** One batch; false when nothing is left. */
function drainOnce(
  context: ConsumerContext,
  appender: EventAppender,
  generation: Generation,
  lanes: EffectLanes,
): Promise<boolean> {
  return lanes.withLanes(async (held) => {
    if (held.length === 0) return false;
    const pending = await nextEffects(context.database, generation.consumer, held, BATCH);
    if (pending.length === 0) return false;
    await carryOut(context, appender, generation, held, pending);
    return pending.length === BATCH;
  });
}
