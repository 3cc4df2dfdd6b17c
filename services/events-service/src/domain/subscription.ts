import { formatPosition, type LogPosition } from '@nova/events';
import type { EventFilter } from '@nova/outbox';
import {
  type EventReplaySchema,
  EventReplayState,
  type SubscriptionSchema,
  SubscriptionState,
  SubscriptionStrategy,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { durationOf, instantOf } from './event-time.ts';
import type { Strategy } from './hand-out.ts';

/** What a subscription is asked to be. */
export interface SubscriptionTerms {
  readonly strategy: Strategy;
  readonly ackTimeoutMs: number;
  /** 0 = no limit. */
  readonly maxAttempts: number;
}

/** A subscription as it is kept. Times are RFC 3339, UTC, with microseconds. */
export interface KeptSubscription extends SubscriptionTerms {
  readonly id: bigint;
  readonly name: string;
  readonly filter: EventFilter;
  /** Up to here the log was looked at. */
  readonly cursor: LogPosition;
  readonly createdAt: string;
  readonly createdBy: string;
  /** Undefined while it runs. */
  readonly stopped: { readonly by: string; readonly reason: string } | undefined;
}

/** A part of the log that a subscription gets once more. */
export interface KeptReplay {
  readonly id: string;
  readonly subscription: string;
  readonly state: 'running' | 'done' | 'cancelled';
  readonly from: LogPosition;
  readonly to: LogPosition;
  readonly reached: LogPosition;
  readonly events: bigint;
  readonly taken: bigint;
  readonly reason: string;
  readonly requestedBy: string;
  readonly requestedAt: string;
}

/** What is known of it beside its terms. */
export interface SubscriptionStanding {
  readonly kept: KeptSubscription;
  readonly lag: bigint;
  readonly waiting: bigint;
  readonly unacknowledged: bigint;
  readonly parked: bigint;
  readonly held: bigint;
  readonly consumers: readonly {
    readonly consumer: string;
    readonly principal: string;
    readonly credits: number;
    readonly unacknowledged: bigint;
    readonly connectedAt: string;
  }[];
  readonly replays: readonly KeptReplay[];
}

/** With so many events parked or behind others of their aggregates a subscription looks at nothing new. */
export const MOST_HELD = 10_000;

const STRATEGIES: Readonly<Record<Strategy, SubscriptionStrategy>> = {
  round_robin: SubscriptionStrategy.ROUND_ROBIN,
  single: SubscriptionStrategy.SINGLE,
  pinned: SubscriptionStrategy.PINNED,
};

const REPLAY_STATES: Readonly<Record<KeptReplay['state'], EventReplayState>> = {
  running: EventReplayState.RUNNING,
  done: EventReplayState.DONE,
  cancelled: EventReplayState.CANCELLED,
};

/** The strategy of a request; undefined for a number that is none. */
export function strategyOf(given: SubscriptionStrategy): Strategy | undefined {
  switch (given) {
    case SubscriptionStrategy.UNSPECIFIED:
    case SubscriptionStrategy.ROUND_ROBIN:
      return 'round_robin';
    case SubscriptionStrategy.SINGLE:
      return 'single';
    case SubscriptionStrategy.PINNED:
      return 'pinned';
    default:
      return undefined;
  }
}

/** A subscription for answers. */
export function subscriptionMessage(
  standing: SubscriptionStanding,
): MessageInitShape<typeof SubscriptionSchema> {
  const { kept, consumers, replays, ...counts } = standing;
  const { filter } = kept;
  return {
    ...counts,
    name: kept.name,
    filter: {
      eventTypes: [...(filter.eventTypes ?? [])],
      aggregateTypes: [...(filter.aggregateTypes ?? [])],
      aggregateId: filter.aggregateId ?? '',
      aggregateIdPrefix: filter.aggregateIdPrefix ?? '',
      tenant: filter.tenant ?? '',
    },
    strategy: STRATEGIES[kept.strategy],
    ackTimeout: durationOf(kept.ackTimeoutMs),
    maxAttempts: kept.maxAttempts,
    state: stateOf(standing),
    stoppedReason: kept.stopped?.reason ?? '',
    stoppedBy: kept.stopped?.by ?? '',
    position: formatPosition(kept.cursor),
    consumers: consumers.map(({ connectedAt, ...consumer }) => ({
      ...consumer,
      connectedAt: instantOf(connectedAt),
    })),
    createdAt: instantOf(kept.createdAt),
    createdBy: kept.createdBy,
    replays: replays.map(replayMessage),
  };
}

/** A replay for answers. */
export function replayMessage(replay: KeptReplay): MessageInitShape<typeof EventReplaySchema> {
  const { from, to, reached, requestedAt, state, ...rest } = replay;
  return {
    ...rest,
    state: REPLAY_STATES[state],
    fromPosition: formatPosition(from),
    toPosition: formatPosition(to),
    reachedPosition: formatPosition(reached),
    requestedAt: instantOf(requestedAt),
  };
}

function stateOf({ kept, parked, held }: SubscriptionStanding): SubscriptionState {
  if (kept.stopped !== undefined) return SubscriptionState.STOPPED;
  return parked > 0n && parked + held >= MOST_HELD
    ? SubscriptionState.STANDING_STILL
    : SubscriptionState.RUNNING;
}
