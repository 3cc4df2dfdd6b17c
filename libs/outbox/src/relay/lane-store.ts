import { loadSql, type Queryable } from '@nova/postgres';
import type { ClaimedLane, LaneTerm } from './lane.ts';

/**
 * Leases in the database. Every write names owner and term and asks for a lease that has not
 * ended by the database's clock, so a relay that was stopped past its lease changes nothing.
 */
export interface LaneStore {
  /** Says that this relay lives and tells how many others do. */
  beat(): Promise<{ readonly others: number }>;
  /** Renews leases; resolves with the lanes that are still held. */
  renew(lanes: readonly LaneTerm[]): Promise<ReadonlySet<number>>;
  /** Takes at most `count` lanes that nobody holds, each in a new term. */
  claim(count: number): Promise<readonly ClaimedLane[]>;
  /** Writes positions; resolves with the lanes that were still held. */
  advance(moves: readonly (LaneTerm & { position: bigint })[]): Promise<ReadonlySet<number>>;
  /** Gives lanes back. */
  release(lanes: readonly LaneTerm[]): Promise<void>;
  /** Says that this relay is gone. */
  leave(): Promise<void>;
}

const sql = {
  beat: loadSql(new URL('./beat.sql', import.meta.url)),
  renew: loadSql(new URL('./renew-lanes.sql', import.meta.url)),
  claim: loadSql(new URL('./claim-lanes.sql', import.meta.url)),
  advance: loadSql(new URL('./advance-lanes.sql', import.meta.url)),
  release: loadSql(new URL('./release-lanes.sql', import.meta.url)),
  leave: loadSql(new URL('./leave.sql', import.meta.url)),
};

/** The lane store over the tables `outbox_lanes` and `outbox_relays`. */
export function laneStore(database: Queryable, relayId: string, leaseMs: number): LaneStore {
  const numbers = (lanes: readonly LaneTerm[]) => lanes.map(({ lane }) => lane);
  const terms = (lanes: readonly LaneTerm[]) => lanes.map(({ term }) => term);
  return {
    async beat() {
      const [row] = await database.query<{ others: bigint }>(sql.beat, [relayId, leaseMs]);
      return { others: Number(row?.others ?? 0n) };
    },
    async renew(lanes) {
      const rows = await database.query<{ lane: number }>(sql.renew, [
        relayId,
        leaseMs,
        numbers(lanes),
        terms(lanes),
      ]);
      return new Set(rows.map(({ lane }) => lane));
    },
    claim: (count) => database.query<ClaimedLane>(sql.claim, [relayId, leaseMs, count]),
    async advance(moves) {
      const rows = await database.query<{ lane: number }>(sql.advance, [
        relayId,
        numbers(moves),
        terms(moves),
        moves.map(({ position }) => position),
      ]);
      return new Set(rows.map(({ lane }) => lane));
    },
    async release(lanes) {
      await database.query(sql.release, [relayId, numbers(lanes), terms(lanes)]);
    },
    async leave() {
      await database.query(sql.leave, [relayId]);
    },
  };
}
