/** What names a lane in a write. */
export interface LaneTerm {
  readonly lane: number;
  /** The tenure in which it is held; every write names it. */
  readonly term: bigint;
}

/** A lane as its holder knows it. */
export interface HeldLane extends LaneTerm {
  /** Monotonic time at which the lease ends at the latest, counted from before the request. */
  leaseEndsAtMs: number;
  /** Something is done for it that has to end before it is given back. */
  isInWork: boolean;
  /** To be given back as soon as it is not in work. */
  isLeaving: boolean;
  /** False for ever once the lease is lost or given back. */
  isOwned: boolean;
}
