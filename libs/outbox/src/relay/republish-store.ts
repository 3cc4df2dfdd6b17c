import type { LaneTerm } from '@nova/lease';
import { loadSql, type Queryable } from '@nova/postgres';

/** What is to be sent once more, and the lanes that are not at its end. */
export interface RepublishInWork {
  readonly id: string;
  readonly to: bigint;
  readonly eventTypes: readonly string[];
  readonly eventsPerSecond: number;
  readonly reason: string;
  /** Lane → position up to which it is done. */
  readonly lanes: ReadonlyMap<number, bigint>;
}

/** How far a lane has got, and what came of its events on the way. */
export interface RepublishMove extends LaneTerm {
  readonly position: bigint;
  readonly sent: number;
  readonly refused: number;
}

/** The tables `outbox_republish` and `outbox_republish_lanes` as a relay uses them. */
export interface RepublishStore {
  inWork(): Promise<RepublishInWork | undefined>;
  /** Moves the lanes that are still held. */
  move(id: string, moves: readonly RepublishMove[]): Promise<void>;
  /** Ends it when all lanes are at its end; false when they are not. */
  end(id: string): Promise<boolean>;
}

interface Row extends Omit<RepublishInWork, 'lanes'> {
  readonly lanes: readonly { lane: number; position: string }[] | null;
}

const sql = {
  inWork: loadSql(new URL('./republish-in-work.sql', import.meta.url)),
  move: loadSql(new URL('./republish-move.sql', import.meta.url)),
  end: loadSql(new URL('./republish-end.sql', import.meta.url)),
};

/** The store over the tables. */
export function republishStore(database: Queryable, relayId: string): RepublishStore {
  return {
    async inWork() {
      const [row] = await database.query<Row>(sql.inWork);
      if (row === undefined) return undefined;
      const lanes = (row.lanes ?? []).map(({ lane, position }): [number, bigint] => [
        lane,
        BigInt(position),
      ]);
      return { ...row, lanes: new Map(lanes) };
    },
    async move(id, moves) {
      await database.query(sql.move, [
        id,
        relayId,
        moves.map(({ lane }) => lane),
        moves.map(({ term }) => term),
        moves.map(({ position }) => position),
        moves.map(({ sent }) => sent),
        moves.map(({ refused }) => refused),
      ]);
    },
    end: async (id) => (await database.query(sql.end, [id])).length > 0,
  };
}
