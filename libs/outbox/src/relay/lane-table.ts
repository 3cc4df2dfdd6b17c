import type { LaneTerm } from '@nova/lease';
import { type Backoff, backoffMs, type Clock } from '@nova/time';
import { highest, lowest } from './bounds.ts';
import type { ClaimedLane, Lane } from './lane.ts';
import { ParkedOfLane } from './parked.ts';

const REST: Backoff = { initialMs: 100, factor: 2, maxMs: 5000, jitter: 0.2 };

/** No send is begun with less of the lease left than this. */
export const LEAST_LEASE_MS = 1000;

/** The lanes that this relay owns. Pure memory: who may own what is decided in the database. */
export class LaneTable {
  /** Counts {@link forgetStored}: a write that it came amidst may not have been taken either. */
  forgotten = 0;
  readonly #lanes = new Map<number, Lane>();
  readonly #clock: Clock;
  readonly #windowRows: bigint;
  readonly #leastLeaseMs: number;

  constructor(clock: Clock, windowRows: number, leaseMs: number) {
    this.#clock = clock;
    this.#windowRows = BigInt(windowRows);
    this.#leastLeaseMs = Math.min(LEAST_LEASE_MS, leaseMs / 4);
  }

  /** All lanes owned. */
  owned(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  /** Lanes of a mode whose events may be read and sent now. */
  sendable(mode: Lane['mode']): readonly Lane[] {
    const now = this.#clock.monotonicMs();
    return this.owned().filter(
      (lane) =>
        lane.mode === mode &&
        !lane.isInWork &&
        !lane.isLeaving &&
        !lane.isReserved &&
        (mode === 'front' || lane.restsUntilMs <= now) &&
        this.hasLease(lane),
    );
  }

  /** Whether enough of the lease is left to begin a send. */
  hasLease(lane: Lane): boolean {
    return lane.isOwned && lane.leaseEndsAtMs - this.#clock.monotonicMs() >= this.#leastLeaseMs;
  }

  /** The position of the lane that is furthest ahead: what the common front has reached. */
  front(): bigint {
    return highest(this.owned().map(({ cursor }) => cursor)) ?? 0n;
  }

  /** Position up to which everything of this relay's lanes is acknowledged; undefined without lanes. */
  lowest(): bigint | undefined {
    return lowest(this.owned().map(({ cursor }) => cursor));
  }

  add(claimed: readonly ClaimedLane[], leaseEndsAtMs: number): void {
    for (const lane of claimed) {
      this.#take(lane, lane.position, leaseEndsAtMs, new ParkedOfLane(lane.parked));
    }
    this.rejoin();
  }

  #take(
    { lane, term }: LaneTerm,
    position: bigint,
    leaseEndsAtMs: number,
    parked: ParkedOfLane,
  ): void {
    this.#lanes.set(lane, {
      lane,
      term,
      leaseEndsAtMs,
      cursor: position,
      storedCursor: position,
      mode: 'lagging',
      isInWork: false,
      isLeaving: false,
      isOwned: true,
      failures: 0,
      restsUntilMs: 0,
      parked,
      isReserved: false,
    });
  }

  /**
   * The log is another one above `kept`: lanes go back to there. What is in work of them belongs to
   * the old one and moves nothing any more.
   */
  rebase(kept: bigint): void {
    for (const lane of this.owned()) {
      const cursor = lane.cursor < kept ? lane.cursor : kept;
      this.drop(lane);
      // What is parked may be something else in this log: such a lane is claimed anew.
      if (lane.parked.size === 0) this.#take(lane, cursor, lane.leaseEndsAtMs, lane.parked);
    }
    this.rejoin();
  }

  /** Cursors are written again: what was written last may not have been taken. */
  forgetStored(): void {
    this.forgotten += 1;
    for (const lane of this.#lanes.values()) lane.storedCursor = -1n;
  }

  /** Takes out a lane that is lost or given back; sends of it that are in work move nothing. */
  drop(lane: Lane): void {
    lane.isOwned = false;
    if (this.#lanes.get(lane.lane) === lane) this.#lanes.delete(lane.lane);
  }

  /**
   * Lets lagging lanes that are within one window of the front, and not failing, go with it; true
   * when there are any.
   */
  rejoin(): boolean {
    const from = this.front() - this.#windowRows;
    let isAny = false;
    for (const lane of this.#lanes.values()) {
      const isFree = !lane.isInWork && !lane.isReserved;
      if (lane.mode === 'lagging' && isFree && lane.failures === 0 && lane.cursor >= from) {
        lane.mode = 'front';
        isAny = true;
      }
    }
    return isAny;
  }

  /** Everything of the lane up to `position` is acknowledged. */
  moveTo(lane: Lane, position: bigint): void {
    lane.failures = 0;
    lane.restsUntilMs = 0;
    if (lane.isOwned && position > lane.cursor) lane.cursor = position;
  }

  /** A window of the lane was not acknowledged: it rests, the longer the oftener. */
  rest(lane: Lane): void {
    lane.failures += 1;
    lane.restsUntilMs = this.#clock.monotonicMs() + backoffMs(REST, lane.failures);
  }

  /** Lets all resting lanes try again at once. */
  endRests(): void {
    for (const lane of this.#lanes.values()) lane.restsUntilMs = 0;
  }

  /** Milliseconds until the next lane has rested, at most `longestMs`. */
  untilRested(longestMs: number): number {
    const now = this.#clock.monotonicMs();
    const waits = this.owned()
      .filter((lane) => lane.mode === 'lagging' && !lane.isInWork && lane.restsUntilMs > now)
      .map((lane) => lane.restsUntilMs - now);
    return Math.min(longestMs, ...waits);
  }
}
