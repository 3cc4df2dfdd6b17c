import type { StoredEvent } from '@nova/events';
import type { HeldLane, LaneTerm } from '@nova/lease';
import type { ParkedAggregate, ParkedOfLane } from './parked.ts';

/**
 * A lane as this relay holds it.
 *
 *             claimed            slow or failed send            caught up again
 *   (free) ------------> front ----------------------> lagging ----------------> front
 *                          |                              |
 *                          +-- lease lost, given back ----+--> not owned (this object is dead)
 *
 * A lane's events are in at most one window at a time (`isInWork`), so its records are never in
 * two sends at once.
 */
export interface Lane extends HeldLane {
  /** Every event of the lane at or below is acknowledged, or belongs to a parked aggregate. */
  cursor: bigint;
  /** The cursor as the database knows it. */
  storedCursor: bigint;
  mode: 'front' | 'lagging';
  /** Failed windows in a row. */
  failures: number;
  /** A failed lane rests until then (monotonic). */
  restsUntilMs: number;
  /** Its events wait in the log: see parked-retry.ts. */
  readonly parked: ParkedOfLane;
  /** No window is opened with it: what is parked of it is to be tried. */
  isReserved: boolean;
}

/** A lane that was just claimed. */
export interface ClaimedLane extends LaneTerm {
  readonly position: bigint;
  readonly parked: readonly ParkedAggregate[];
}

/** An event together with the lane it is sent for. */
export interface LaneEvent {
  readonly lane: Lane;
  readonly event: StoredEvent;
}
