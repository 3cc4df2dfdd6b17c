import type { AggregateName } from '../aggregate.ts';
import type { ConsumerContext } from '../context.ts';
import type { Generation } from '../generation.ts';
import { Intake } from '../intake.ts';
import { type LogPart, type Survey, survey } from '../log-part.ts';
import { roundContextOf } from '../round-context.ts';
import {
  type ActCursor,
  type ActStanding,
  beginAct,
  beginRefold,
  cancelAct,
  type FailedPart,
  failedParts,
  listActs,
  type NewAct,
  type NewRefold,
  readAct,
} from './acts.ts';
import {
  groupParked,
  listParked,
  type ParkedAggregate,
  type ParkedGroup,
  type ParkedPage,
} from './list-parked.ts';
import { listParkedEffects, type ParkedEffect } from './parked-effects.ts';
import type { EffectSelection, ParkedSelection } from './selection.ts';
import { type ParkedDetails, showParked } from './show-parked.ts';
import { type TriedOut, tryParked } from './try-parked.ts';

const FAILED_PARTS = 20;

/** What a consumer has parked, and what operators do about it. Of the generation that serves. */
export interface ParkingLot {
  /** Failing aggregates, oldest failure first. */
  list(page: ParkedPage): Promise<readonly ParkedAggregate[]>;
  /** Failing aggregates by cause, the most of them first. */
  groups(selection: ParkedSelection, limit: number): Promise<readonly ParkedGroup[]>;
  /** One of them with what waits; undefined when it does not fail. */
  show(
    name: AggregateName,
    page: { readonly afterVersion: bigint; readonly limit: number },
  ): Promise<ParkedDetails | undefined>;
  /** Effects that were refused, in the order of writing. */
  effects(page: {
    readonly selection: EffectSelection;
    readonly limit: number;
    readonly after: bigint;
  }): Promise<readonly ParkedEffect[]>;
  /** What a replay would come to; nothing is written. */
  tryOut(name: AggregateName): Promise<TriedOut>;
  /** Begins a replay or a discard; members carry it out by and by. */
  begin(act: NewAct): Promise<ActStanding>;
  /**
   * What a part of the log concerns.
   *
   * @throws CONSUMER_POSITION_UNKNOWN, CONSUMER_REPLAY_TOO_LARGE
   */
  survey(part: LogPart, signal: AbortSignal): Promise<Survey>;
  /** Begins to fold aggregates anew, also such as do not fail. */
  refold(act: NewRefold): Promise<ActStanding>;
  /** @throws CONSUMER_ACT_UNKNOWN */
  act(actId: string): Promise<{ standing: ActStanding; failed: readonly FailedPart[] }>;
  /** Acts, the latest first. */
  acts(page: {
    readonly limit: number;
    readonly after?: ActCursor;
  }): Promise<readonly ActStanding[]>;
  /** @throws CONSUMER_ACT_UNKNOWN */
  cancel(actId: string, who: string): Promise<ActStanding>;
}

/**
 * The parking lot over the consumer's tables.
 *
 * @param serving throws CONSUMER_NOT_OPEN, as every method then does
 */
export function parkingLot(context: ConsumerContext, serving: () => Generation): ParkingLot {
  const { database, definition, actWork, logger } = context;
  const { name: consumer } = definition;
  const begun = (standing: ActStanding): ActStanding => {
    const { kind, who: principal, reason, total: count } = standing;
    logger.warn({ name: kind, principal, reason, count }, 'operator acts on aggregates');
    actWork.notify();
    return standing;
  };
  return {
    list: async (page) => listParked(database, serving(), page),
    groups: async (selection, limit) => groupParked(database, serving(), selection, limit),
    show: async (name, page) => showParked(database, serving(), name, page),
    effects: async (page) => listParkedEffects(database, serving().consumer, page),
    tryOut: async (name) =>
      tryParked(context, roundContextOf(context, serving(), new Intake()), name),
    begin: async (act) => begun(await beginAct(database, serving(), act)),
    survey: async (part, signal) => survey(context, serving(), part, signal),
    refold: async (act) => begun(await beginRefold(database, serving(), act)),
    act: async (actId) => ({
      standing: await readAct(database, consumer, actId),
      failed: await failedParts(database, actId, FAILED_PARTS),
    }),
    acts: (page) => listActs(database, consumer, page),
    cancel: (actId, who) => cancelAct(database, consumer, actId, who),
  };
}
