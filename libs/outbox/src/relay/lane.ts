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
export interface Lane {
  readonly lane: number;
  /** The tenure in which it is held; every write names it. */
  readonly term: bigint;
  /** Monotonic time at which the lease ends at the latest, counted from before the request. */
  leaseEndsAtMs: number;
  /** Every event of the lane at or below is acknowledged. */
  cursor: bigint;
  /** The cursor as the database knows it. */
  storedCursor: bigint;
  mode: 'front' | 'lagging';
  /** Its events are in a window that is not yet settled. */
  isInWork: boolean;
  /** To be given back as soon as it is not in work. */
  isLeaving: boolean;
  /** False for ever once the lease is lost or given back. */
  isOwned: boolean;
  /** Failed windows in a row. */
  failures: number;
  /** A failed lane rests until then (monotonic). */
  restsUntilMs: number;
}

/** A lane that was just claimed. */
export interface ClaimedLane {
  readonly lane: number;
  readonly term: bigint;
  readonly position: bigint;
}

/** What names a lane in a write. */
export interface LaneTerm {
  readonly lane: number;
  readonly term: bigint;
}
