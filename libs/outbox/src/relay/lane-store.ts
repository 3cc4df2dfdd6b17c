import { type LaneTerm, type LeaseStore, type LeaseTables, leaseStore } from '@nova/lease';
import { loadSql, type Queryable } from '@nova/postgres';
import type { ClaimedLane } from './lane.ts';

/** Leases of the log's lanes, and what is written under them. */
export interface LaneStore extends LeaseStore<ClaimedLane> {
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
  answered: ['position'],
};
const advanceLanes = loadSql(new URL('./advance-lanes.sql', import.meta.url));

/** The lane store over the tables `outbox_lanes` and `outbox_relays`. */
export function laneStore(database: Queryable, relayId: string, leaseMs: number): LaneStore {
  return {
    ...leaseStore<ClaimedLane>(database, TABLES, { memberId: relayId, leaseMs }),
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
