import type { Part } from '@nova/lifecycle';
import type { Queryable } from '@nova/postgres';
import type { DecisionBasis, WantedBasis } from './decision-basis.ts';
import type { ParkingLot } from './parking/parking-lot.ts';
import type { Rebuilding } from './rebuilding.ts';
import type { ConsumerStatus, DeliveryState, TokenAnswer } from './status.ts';

/** A running consumer. */
export interface Consumer extends Part {
  status(): ConsumerStatus;
  /**
   * Waits until the serving views show what the token names (see `decodeToken`); at most until
   * `deadlineMs` of the monotonic clock. A token that cannot be read is `lost`.
   */
  waitFor(token: string, deadlineMs: number): Promise<TokenAnswer>;
  /** What became of an event, or without a version of the whole aggregate. */
  stateOf(query: {
    readonly aggregateType: string;
    readonly aggregateId: string;
    readonly eventType?: string;
    readonly version?: bigint;
  }): Promise<DeliveryState>;
  /** Runs `work` in one read-only snapshot whose search_path is the serving generation. */
  read<T>(work: (views: Queryable) => Promise<T>): Promise<T>;
  /** Reads what a decision is made on: rows and marks of one snapshot of the serving generation. */
  basis(wanted: WantedBasis): Promise<DecisionBasis>;
  /** What it has parked, and what operators do about it. */
  readonly parking: ParkingLot;
  /** Rebuilds as operators ask for them. */
  readonly rebuilding: Rebuilding;
  /** Makes a new generation from the log alone and lets it serve; resolves with its number. */
  rebuild(): Promise<number>;
}
