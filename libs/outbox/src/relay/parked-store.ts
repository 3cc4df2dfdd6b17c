import type { LaneTerm } from '@nova/lease';
import { loadSql, type Queryable } from '@nova/postgres';
import type { ParkedAggregate } from './parked.ts';

/**
 * The table `outbox_parked` as a relay uses it. Every write names the term in which the lane is
 * held; false = it no longer is, or the log has lost the event, and nothing was written.
 */
export interface ParkedStore {
  /** What is parked of these lanes. */
  parkedOf(lanes: readonly number[]): Promise<readonly ParkedAggregate[]>;
  /** Those of these lanes whose next attempt is due, at most `limit`. */
  parkedDue(lanes: readonly number[], limit: number): Promise<readonly ParkedAggregate[]>;
  /** Parks an aggregate for an event, unless it is for an earlier one; tried again in `retryInMs`. */
  park(held: LaneTerm, parked: ParkedAggregate, retryInMs: number): Promise<boolean>;
  /** Says which event a parked aggregate waits for now, and when that is tried. */
  repark(held: LaneTerm, parked: ParkedAggregate, retryInMs: number): Promise<boolean>;
  /** Takes an aggregate out that is published as far as its lane is. */
  unpark(held: LaneTerm, parked: ParkedAggregate): Promise<boolean>;
}

const sql = {
  of: loadSql(new URL('./parked-of.sql', import.meta.url)),
  due: loadSql(new URL('./parked-due.sql', import.meta.url)),
  park: loadSql(new URL('./park.sql', import.meta.url)),
  unpark: loadSql(new URL('./unpark.sql', import.meta.url)),
};

/** The store over the table. */
export function parkedStore(database: Queryable, relayId: string): ParkedStore {
  const write = async (
    { lane, term }: LaneTerm,
    parked: ParkedAggregate,
    retryInMs: number,
    isFirst: boolean,
  ) => {
    const rows = await database.query(sql.park, [
      relayId,
      lane,
      term,
      parked.aggregateType,
      parked.aggregateId,
      parked.position,
      parked.aggregateVersion,
      parked.eventId,
      parked.eventType,
      parked.errorCode,
      parked.reason,
      parked.attempts,
      retryInMs,
      isFirst,
    ]);
    return rows.length > 0;
  };
  return {
    parkedOf: (lanes) => database.query<ParkedAggregate>(sql.of, [lanes]),
    parkedDue: (lanes, limit) => database.query<ParkedAggregate>(sql.due, [lanes, limit]),
    park: (held, parked, retryInMs) => write(held, parked, retryInMs, true),
    repark: (held, parked, retryInMs) => write(held, parked, retryInMs, false),
    async unpark({ lane, term }, { aggregateType, aggregateId }) {
      const params = [relayId, lane, term, aggregateType, aggregateId];
      return (await database.query(sql.unpark, params)).length > 0;
    },
  };
}
