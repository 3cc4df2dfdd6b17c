import { LANES } from '@nova/events';
import type { LaneTerm } from '../relay/lane.ts';
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
      row.owner === relayId && row.leaseUntilMs > this.#now() ? [lane] : [],
    );
  }

  /** The table as one relay uses it. `gate` is awaited before every request. */
  storeFor(
    relayId: string,
    leaseMs: number,
    gate: () => Promise<void> = async () => {},
  ): LaneStore {
    const held = ({ lane, term }: LaneTerm) => {
      const row = this.rows[lane];
      const isHeld =
        row !== undefined &&
        row.owner === relayId &&
        row.term === term &&
        row.leaseUntilMs > this.#now();
      return isHeld ? row : undefined;
    };
    return {
      beat: async () => {
        await gate();
        this.relays.set(relayId, this.#now() + leaseMs);
        const others = [...this.relays].filter(
          ([id, until]) => id !== relayId && until > this.#now(),
        );
        return { others: others.length };
      },
      renew: async (lanes) => {
        await gate();
        const renewed = lanes.filter((one) => {
          const row = held(one);
          if (row !== undefined) row.leaseUntilMs = this.#now() + leaseMs;
          return row !== undefined;
        });
        return new Set(renewed.map(({ lane }) => lane));
      },
      claim: async (count) => {
        await gate();
        const free = this.rows
          .map((row, lane) => ({ row, lane }))
          .filter(({ row }) => row.owner === undefined || row.leaseUntilMs <= this.#now());
        return free.slice(0, count).map(({ row, lane }) => {
          row.owner = relayId;
          row.term += 1n;
          row.leaseUntilMs = this.#now() + leaseMs;
          return { lane, term: row.term, position: row.position };
        });
      },
      advance: async (moves) => {
        await gate();
        const done = moves.filter((move) => {
          const row = held(move);
          if (row === undefined) return false;
          this.onAdvance(move.lane, move.position);
          if (move.position > row.position) row.position = move.position;
          return true;
        });
        return new Set(done.map(({ lane }) => lane));
      },
      release: async (lanes) => {
        await gate();
        for (const { lane, term } of lanes) {
          const row = this.rows[lane];
          if (row?.owner === relayId && row.term === term) row.owner = undefined;
        }
      },
      leave: async () => {
        await gate();
        this.relays.delete(relayId);
      },
    };
  }

  #now(): number {
    return performance.now() + this.skewMs;
  }
}
