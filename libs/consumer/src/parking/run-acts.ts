import { sleep } from '@nova/time';
import type { AggregateName } from '../aggregate.ts';
import type { SessionContext } from '../context.ts';
import {
  endPart,
  giveBackPart,
  keepPart,
  type PartOutcome,
  type TakenPart,
  takeParts,
} from './act-parts.ts';
import { discardFailing } from './discard.ts';
import { discardEffect, replayEffect } from './parked-effects.ts';
import { refoldPart } from './refold-part.ts';
import { replayAggregate } from './replay.ts';

const POLL_MS = 1000;

/**
 * Carries out what operators want done: replays and discards of what is parked, refolds. Any member of the
 * consumer does, part by part; a part whose member has died is taken by another one after 5 s.
 *
 *   take parts (at the rate of the act) → one by one: still wanted? → replay, discard or refold → outcome
 */
export async function runActs(context: SessionContext, stop: AbortSignal): Promise<void> {
  const { database, generation, actWork, meters, logger } = context;
  while (!stop.aborted) {
    try {
      const parts = await takeParts(database, generation);
      if (parts.length === 0) await actWork.wait(POLL_MS, stop);
      await carryOutAll(context, parts, stop);
      meters.over('acts');
    } catch (thrown) {
      if (meters.trouble('acts', thrown)) {
        logger.warn({ err: thrown }, 'acts of operators wait for a dependency');
      }
      await sleep(POLL_MS, stop);
    }
  }
}

async function carryOutAll(
  context: SessionContext,
  parts: readonly TakenPart[],
  stop: AbortSignal,
): Promise<void> {
  const { database } = context;
  const waiting = [...parts];
  try {
    for (let part = waiting[0]; part !== undefined && !stop.aborted; part = waiting[0]) {
      if (!(await keepPart(database, part))) return;
      await endPart(database, part, await carryOut(context, part));
      waiting.shift();
    }
  } finally {
    for (const part of waiting) await giveBackPart(database, part).catch(() => {});
  }
}

function carryOut(context: SessionContext, part: TakenPart): Promise<PartOutcome> {
  const { kind, effect_lane: lane, effect_sequence: sequence } = part;
  if (lane !== null && sequence !== null) {
    const effect = { lane, sequence };
    return kind === 'replay' ? replayEffect(context, effect) : discardEffect(context, effect);
  }
  const name = nameOf(part);
  if (kind === 'refold') return refoldPart(context, name);
  const failedVersion = part.failed_version ?? 0n;
  return kind === 'replay'
    ? replayAggregate(context, name, { failedVersion, isTakenAgain: part.takes > 1 })
    : discardFailing(context, name, { failedVersion, ...part });
}

function nameOf(part: TakenPart): AggregateName {
  return { aggregateType: part.aggregate_type ?? '', aggregateId: part.aggregate_id ?? '' };
}
