import { LANES } from '@nova/events';
import type { LaneTerm } from '@nova/lease';
import type { ClaimedLane } from '../relay/lane.ts';
import type { LaneStore } from '../relay/lane-store.ts';

interface LaneRow {
  owner: string | undefined;
  term: bigint;
  leaseUntilMs: number;
  position: bigint;
}

/** The tables of lanes and relays in memory, with a clock of their own. */
export class MemoryLanes {
  readonly rows: LaneRow[] = Array.from({ length: LANES }, () => ({
    owner: undefined,
    term: 0n,
    leaseUntilMs: 0,
    position: 0n,
  }));
  readonly relays = new Map<string, number>();
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

  async beat(): Promise<{ others: number }> {
    await this.#gate();
    const { relays } = this.#lanes;
    relays.set(this.#relayId, this.#leaseEnd());
    const others = [...relays].filter(
      ([id, until]) => id !== this.#relayId && until > this.#lanes.nowMs(),
    );
    return { others: others.length };
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
      return { lane, term: row.term, position: row.position };
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
