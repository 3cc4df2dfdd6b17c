import { DEFAULT_PARTITIONS } from '@nova/events';
import { type LaneTerm, type LeaseStore, type LeaseTables, leaseStore } from '@nova/lease';
import { loadSql, prepared, type Queryable } from '@nova/postgres';
import type { ClaimedLane } from './lane.ts';
import { type ParkedStore, parkedStore } from './parked-store.ts';

/** Leases of the log's lanes, and what is written under them. */
export interface LaneStore extends LeaseStore<ClaimedLane>, ParkedStore {
  /**
   * Writes positions that were reached in an epoch, as far as the log is in it and has them; resolves
   * with the lanes that were still held.
   */
  advance(
    moves: readonly (LaneTerm & { position: bigint })[],
    epoch: string,
  ): Promise<ReadonlySet<number>>;
}

const TABLES: LeaseTables = {
  lanes: 'outbox_lanes',
  members: 'outbox_relays',
  memberColumn: 'relay_id',
  // A lane is one partition of every topic: few partitions are few and well-filled batches.
  groups: DEFAULT_PARTITIONS,
  answered: ['position'],
};
const advanceLanes = prepared(loadSql(new URL('./advance-lanes.sql', import.meta.url)));

/** The lane store over the tables `outbox_lanes` and `outbox_relays`. */
export function laneStore(database: Queryable, relayId: string, leaseMs: number): LaneStore {
  type Answered = Omit<ClaimedLane, 'parked'>;
  const leases = leaseStore<Answered>(database, TABLES, { memberId: relayId, leaseMs });
  const parked = parkedStore(database, relayId);
  return {
    ...leases,
    ...parked,
    // Whoever has a lane knows what is parked of it before it reads: a write of the owner before
    // either was committed when the lane was claimed, or finds that it no longer is the owner.
    async claim(count) {
      const claimed = await leases.claim(count);
      if (claimed.length === 0) return [];
      const byLane = Map.groupBy(
        await parked.parkedOf(claimed.map(({ lane }) => lane)),
        ({ lane }) => lane,
      );
      return claimed.map((one) => ({ ...one, parked: byLane.get(one.lane) ?? [] }));
    },
    async advance(moves, epoch) {
      const rows = await database.query<{ lane: number }>(advanceLanes, [
        relayId,
        moves.map(({ lane }) => lane),
        moves.map(({ term }) => term),
        moves.map(({ position }) => position),
        epoch,
      ]);
      return new Set(rows.map(({ lane }) => lane));
    },
  };
}
