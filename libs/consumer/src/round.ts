import type { Delivery } from './delivery.ts';
import type { ForeignRecord } from './foreign.ts';
import type { Predecessor } from './order-guard.ts';

/** What is to be done in one transaction. */
export interface Round {
  /** By aggregate, each list sorted by version. */
  readonly deliveries: ReadonlyMap<string, readonly Delivery[]>;
  readonly foreign: readonly ForeignRecord[];
  /** Records of a lost epoch: dropped and counted. */
  readonly stale: readonly Delivery[];
  /** Blocked aggregates that are tried again: their deliveries are not queued but applied. */
  readonly retried: ReadonlySet<string>;
  /** Aggregates that are folded anew from version 1; their deliveries are all of their events. */
  readonly refolded: ReadonlySet<string>;
  /** What Kafka was late with or has lost: it is noted with the marks. */
  readonly isFill: boolean;
  /** Events known to fail, found by narrowing down: aggregate → version and why. */
  readonly condemned: ReadonlyMap<string, { readonly version: bigint; readonly thrown: unknown }>;
}

/** A round of these deliveries and nothing else. */
export function roundOf(
  deliveries: ReadonlyMap<string, readonly Delivery[]>,
  more: Partial<Round> = {},
): Round {
  return {
    deliveries,
    foreign: [],
    stale: [],
    retried: new Set(),
    refolded: new Set(),
    isFill: false,
    condemned: new Map(),
    ...more,
  };
}

/** Deliveries that wait for an event that is not there yet. */
export interface HeldBack {
  readonly aggregate: string;
  readonly deliveries: readonly Delivery[];
  readonly missing: Predecessor;
  /** The mark that they were judged by. */
  readonly appliedVersion: bigint;
}

/** What became of a round's deliveries, once its transaction is committed. */
export interface RoundResult {
  readonly applied: readonly Delivery[];
  readonly duplicates: readonly Delivery[];
  /** Kept in parked_events: the failing ones and what queues behind them. */
  readonly parked: readonly Delivery[];
  /** Neither applied nor parked: too much is parked already. */
  readonly refused: readonly Delivery[];
  readonly failures: readonly {
    readonly delivery: Delivery;
    readonly thrown: unknown;
    readonly attempts: number;
    readonly state: 'retrying' | 'parked';
  }[];
  readonly held: readonly HeldBack[];
  /**
   * Aggregates whose mark the log has lost: they must be folded anew. Of those that are folded anew,
   * the ones whose mark is ahead of what was read.
   */
  readonly invalid: readonly {
    readonly aggregate: string;
    readonly deliveries: readonly Delivery[];
  }[];
  readonly effects: number;
}
