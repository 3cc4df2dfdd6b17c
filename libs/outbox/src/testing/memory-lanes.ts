import { DEFAULT_PARTITIONS, LANES } from '@nova/events';
import type { LaneTerm, Others } from '@nova/lease';
import type { ClaimedLane } from '../relay/lane.ts';
import type { LaneStore } from '../relay/lane-store.ts';
import type { ParkedAggregate } from '../relay/parked.ts';

interface LaneRow {
  owner: string | undefined;
  term: bigint;
  leaseUntilMs: number;
  position: bigint;
}

/** A parked aggregate, and when it is tried again. */
export interface ParkedRow extends ParkedAggregate {
  readonly dueAtMs: number;
}

/** The tables of lanes, relays and what is parked in memory, with a clock of their own. */
export class MemoryLanes {
  readonly rows: LaneRow[] = Array.from({ length: LANES }, () => ({
    owner: undefined,
    term: 0n,
    leaseUntilMs: 0,
    position: 0n,
  }));
  readonly relays = new Map<string, number>();
  /** By aggregate. */
  readonly parked = new Map<string, ParkedRow>();
  /** How often somebody asked what is due of it. */
  parkedLooks = 0;
  /** Whether the log has the event that somebody wants to park for. */
  isInLog: (parked: ParkedAggregate) => boolean = () => true;
  /** While true, nothing can be parked. */
  isParkingGone = false;
  /** Called with every position that is about to be stored. */
  onAdvance: (lane: number, position: bigint) => void = () => {};
  /** Added to the clock. */
  skewMs = 0;

  /** The lanes that a relay owns by the clock of this table. */
  ownedBy(relayId: string): readonly number[] {
    return this.rows.flatMap((row, lane) =>
      row.owner === relayId && row.leaseUntilMs > this.nowMs() ? [lane] : [],
    );
  }

  /** The table as one relay uses it. `gate` is awaited before every request. */
  storeFor(
    relayId: string,
    leaseMs: number,
    gate: () => Promise<void> = () => Promise.resolve(),
  ): LaneStore {
    return new MemoryStore(this, relayId, leaseMs, gate);
  }

  /** The clock by which leases are judged. */
  nowMs(): number {
    return performance.now() + this.skewMs;
  }
}

class MemoryStore implements LaneStore {
  readonly groups = DEFAULT_PARTITIONS;
  readonly #lanes: MemoryLanes;
  readonly #relayId: string;
  readonly #leaseMs: number;
  readonly #gate: () => Promise<void>;

  constructor(lanes: MemoryLanes, relayId: string, leaseMs: number, gate: () => Promise<void>) {
    this.#lanes = lanes;
    this.#relayId = relayId;
    this.#leaseMs = leaseMs;
    this.#gate = gate;
  }

  async beat(): Promise<Others> {
    await this.#gate();
    const { relays, rows } = this.#lanes;
    relays.set(this.#relayId, this.#leaseEnd());
    const nowMs = this.#lanes.nowMs();
    const others = [...relays].filter(([id, until]) => id !== this.#relayId && until > nowMs);
    const ends = rows
      .filter(({ owner }) => owner !== undefined && owner !== this.#relayId)
      .map(({ leaseUntilMs }) => leaseUntilMs - nowMs)
      .filter((endsInMs) => endsInMs > 0);
    const leaseEndsInMs = ends.length === 0 ? undefined : Math.min(...ends);
    return { others: others.length, leaseEndsInMs };
  }

  async renew(lanes: readonly LaneTerm[]): Promise<ReadonlySet<number>> {
    await this.#gate();
    const renewed = lanes.filter((one) => {
      const row = this.#held(one);
      if (row !== undefined) row.leaseUntilMs = this.#leaseEnd();
      return row !== undefined;
    });
    return new Set(renewed.map(({ lane }) => lane));
  }

  async claim(count: number): Promise<readonly ClaimedLane[]> {
    await this.#gate();
    const free = this.#lanes.rows
      .map((row, lane) => ({ row, lane }))
      .filter(({ row }) => row.owner === undefined || row.leaseUntilMs <= this.#lanes.nowMs());
    return free.slice(0, count).map(({ row, lane }) => {
      row.owner = this.#relayId;
      row.term += 1n;
      row.leaseUntilMs = this.#leaseEnd();
      const parked = [...this.#lanes.parked.values()].filter((one) => one.lane === lane);
      return { lane, term: row.term, position: row.position, parked };
    });
  }

  async advance(
    moves: readonly (LaneTerm & { readonly position: bigint })[],
  ): Promise<ReadonlySet<number>> {
    await this.#gate();
    const done = moves.filter((move) => {
      const row = this.#held(move);
      if (row === undefined) return false;
      this.#lanes.onAdvance(move.lane, move.position);
      if (move.position > row.position) row.position = move.position;
      return true;
    });
    return new Set(done.map(({ lane }) => lane));
  }

  async parkedOf(lanes: readonly number[]): Promise<readonly ParkedAggregate[]> {
    await this.#gate();
    return [...this.#lanes.parked.values()].filter(({ lane }) => lanes.includes(lane));
  }

  async parkedDue(lanes: readonly number[], limit: number): Promise<readonly ParkedAggregate[]> {
    await this.#gate();
    this.#lanes.parkedLooks += 1;
    return [...this.#lanes.parked.values()]
      .filter(({ lane, dueAtMs }) => lanes.includes(lane) && dueAtMs <= this.#lanes.nowMs())
      .slice(0, limit);
  }

  async park(held: LaneTerm, parked: ParkedAggregate, retryInMs: number): Promise<boolean> {
    await this.#gate();
    if (this.#lanes.isParkingGone) throw new Error('planted: nothing can be parked');
    const before = this.#lanes.parked.get(parked.aggregateId);
    if (before !== undefined && before.position < parked.position) {
      return this.#mayPark(held, parked);
    }
    return this.#write(held, parked, retryInMs);
  }

  async repark(held: LaneTerm, parked: ParkedAggregate, retryInMs: number): Promise<boolean> {
    await this.#gate();
    return this.#write(held, parked, retryInMs);
  }

  async unpark(held: LaneTerm, { aggregateId }: ParkedAggregate): Promise<boolean> {
    await this.#gate();
    const isHeld = this.#isHeld(held);
    if (isHeld) this.#lanes.parked.delete(aggregateId);
    return isHeld;
  }

  async release(lanes: readonly LaneTerm[]): Promise<void> {
    await this.#gate();
    for (const { lane, term } of lanes) {
      const row = this.#lanes.rows[lane];
      if (row?.owner === this.#relayId && row.term === term) row.owner = undefined;
    }
  }

  async leave(): Promise<void> {
    await this.#gate();
    this.#lanes.relays.delete(this.#relayId);
  }

  #leaseEnd(): number {
    return this.#lanes.nowMs() + this.#leaseMs;
  }

  #write(held: LaneTerm, parked: ParkedAggregate, retryInMs: number): boolean {
    const mayPark = this.#mayPark(held, parked);
    const dueAtMs = this.#lanes.nowMs() + retryInMs;
    if (mayPark) this.#lanes.parked.set(parked.aggregateId, { ...parked, dueAtMs });
    return mayPark;
  }

  #mayPark(held: LaneTerm, parked: ParkedAggregate): boolean {
    return this.#isHeld(held) && this.#lanes.isInLog(parked);
  }

  #isHeld(held: LaneTerm): boolean {
    return this.#held(held) !== undefined;
  }

  #held({ lane, term }: LaneTerm): LaneRow | undefined {
    const row = this.#lanes.rows[lane];
    const isHeld =
      row !== undefined &&
      row.owner === this.#relayId &&
      row.term === term &&
      row.leaseUntilMs > this.#lanes.nowMs();
    return isHeld ? row : undefined;
  }
}
