import type { Queryable } from '@nova/postgres';
import type { LaneTerm } from './lane.ts';

/** Which tables hold the lanes and those who share them. Names are part of statements: constants. */
export interface LeaseTables {
  /** Columns lane (smallint), owner (text), term (bigint) and lease_until (timestamptz). */
  readonly lanes: string;
  /** Those who live: the column below and seen_until (timestamptz). */
  readonly members: string;
  readonly memberColumn: string;
  /** Where several sets of lanes share these tables: the column that tells them apart, and its value. */
  readonly scope?: { readonly column: string; readonly value: string };
  /**
   * Lanes whose numbers are the same modulo this are one group, and a claim takes few groups: those
   * that the member has lanes of, then those with most free ones. 1, where it is left out.
   */
  readonly groups?: number;
  /** Further columns of a lane that a claim answers. */
  readonly answered?: readonly string[];
}

/** The other members. */
export interface Others {
  /** How many live. */
  readonly others: number;
  /** Milliseconds until the first lease of theirs ends; undefined while they hold nothing. */
  readonly leaseEndsInMs: number | undefined;
}

/**
 * Leases in the database. Every write names owner and term and asks for a lease that has not
 * ended by the database's clock, so a member that was stopped past its lease changes nothing.
 *
 * That clock may be put back: what then ends too late is made to end one lease from now, so that the
 * lanes of a dead member are not held for as long as the clock went back. Members that live renew theirs.
 */
export interface LeaseStore<Claimed extends LaneTerm = LaneTerm> {
  /** As in `LeaseTables`. */
  readonly groups: number;
  /** Says that this member lives, and tells of the others. */
  beat(): Promise<Others>;
  /** Renews leases; resolves with the lanes that are still held. */
  renew(lanes: readonly LaneTerm[]): Promise<ReadonlySet<number>>;
  /** Takes at most `count` lanes that nobody holds, each in a new term. */
  claim(count: number): Promise<readonly Claimed[]>;
  /** Gives lanes back. */
  release(lanes: readonly LaneTerm[]): Promise<void>;
  /** Says that this member is gone. */
  leave(): Promise<void>;
}

/**
 * The lease store over the tables of their owner.
 *
 * @param memberId names this process among all that share the lanes, living and dead
 */
export function leaseStore<Claimed extends LaneTerm>(
  database: Queryable,
  tables: LeaseTables,
  { memberId, leaseMs }: { readonly memberId: string; readonly leaseMs: number },
): LeaseStore<Claimed> {
  const sql = statements(tables);
  const scope = tables.scope === undefined ? [] : [tables.scope.value];
  const numbers = (lanes: readonly LaneTerm[]) => lanes.map(({ lane }) => lane);
  const terms = (lanes: readonly LaneTerm[]) => lanes.map(({ term }) => term);
  return {
    groups: tables.groups ?? 1,
    async beat() {
      const [row] = await database.query<{ others: bigint; ends_in_ms: number | null }>(sql.beat, [
        memberId,
        leaseMs,
        ...scope,
      ]);
      return { others: Number(row?.others ?? 0n), leaseEndsInMs: row?.ends_in_ms ?? undefined };
    },
    async renew(lanes) {
      const params = [memberId, leaseMs, numbers(lanes), terms(lanes), ...scope];
      const rows = await database.query<{ lane: number }>(sql.renew, params);
      return new Set(rows.map(({ lane }) => lane));
    },
    claim: (count) => database.query<Claimed>(sql.claim, [memberId, leaseMs, count, ...scope]),
    async release(lanes) {
      await database.query(sql.release, [memberId, numbers(lanes), terms(lanes), ...scope]);
    },
    async leave() {
      await database.query(sql.leave, [memberId, ...scope]);
    },
  };
}

const UNTIL = "clock_timestamp() + $2 * interval '1 millisecond'";
/** Nobody takes a lease that ends later than this: the clock was put back since. Members may differ. */
const BEYOND = "clock_timestamp() + $2 * interval '3 milliseconds'";

/** Parts of statements that name the set of lanes; empty where the tables have one set only. */
function inScope({ scope }: LeaseTables) {
  return {
    /** Of the given place among the parameters. */
    within: (place: string, alias: string) =>
      scope === undefined ? '' : `AND ${alias}.${scope.column} = ${place}`,
    column: scope === undefined ? '' : `${scope.column}, `,
  };
}

const isFree = (alias: string) =>
  `(${alias}.owner IS NULL OR ${alias}.lease_until IS NULL
    OR ${alias}.lease_until <= clock_timestamp())`;

// Forgets members that are long gone, and mends what a clock that was put back left.
function beatText(tables: LeaseTables): string {
  const { lanes, members, memberColumn: member, scope } = tables;
  const { within, column } = inScope(tables);
  const value = scope === undefined ? '' : '$3, ';
  return `
    WITH too_late AS (
      SELECT ${column}lane FROM ${lanes} AS l WHERE l.lease_until > ${BEYOND} ${within('$3', 'l')}
      FOR UPDATE SKIP LOCKED
    ), shortened AS (
      UPDATE ${lanes} AS l SET lease_until = ${UNTIL}
      FROM too_late WHERE l.lane = too_late.lane ${within('$3', 'l')}
    ), seen_too_late AS (
      SELECT ${column}${member} FROM ${members} AS m
      WHERE m.seen_until > ${BEYOND} AND m.${member} <> $1 ${within('$3', 'm')}
      FOR UPDATE SKIP LOCKED
    ), doubted AS (
      UPDATE ${members} AS m SET seen_until = ${UNTIL}
      FROM seen_too_late AS s WHERE m.${member} = s.${member} ${within('$3', 'm')}
    ), gone AS (
      DELETE FROM ${members} AS m
      WHERE m.seen_until < clock_timestamp() - interval '1 minute' AND m.${member} <> $1
        ${within('$3', 'm')}
    ), here AS (
      INSERT INTO ${members} (${column}${member}, seen_until) VALUES (${value}$1, ${UNTIL})
      ON CONFLICT (${column}${member}) DO UPDATE SET seen_until = excluded.seen_until
    )
    SELECT count(*) AS others, (
      SELECT (1000 * extract(epoch FROM min(l.lease_until) - clock_timestamp()))::float8
      FROM ${lanes} AS l
      WHERE l.owner <> $1 AND l.lease_until > clock_timestamp() ${within('$3', 'l')}
    ) AS ends_in_ms
    FROM ${members} AS m
    WHERE m.${member} <> $1 AND m.seen_until > clock_timestamp() ${within('$3', 'm')}`;
}

function statements(tables: LeaseTables) {
  const { lanes, members, memberColumn: member, groups = 1, answered = [] } = tables;
  const { within } = inScope(tables);
  return {
    beat: beatText(tables),
    // A lease that has ended stays ended.
    renew: `
      UPDATE ${lanes} AS l SET lease_until = ${UNTIL}
      FROM unnest($3::smallint[], $4::bigint[]) AS mine (lane, term)
      WHERE l.lane = mine.lane AND l.owner = $1 AND l.term = mine.term
        AND l.lease_until > clock_timestamp() ${within('$5', 'l')}
      RETURNING l.lane`,
    // Whose group the member has most lanes of, then whose group has most free ones; by number else.
    // Groups are counted once: beside a snapshot that is held, each look at the table goes through every
    // version of its rows since. A new term shuts out whoever held them before.
    claim: `
      WITH groups AS MATERIALIZED (
        SELECT g.lane % ${groups} AS number,
          count(*) FILTER (WHERE g.owner = $1 AND g.lease_until > clock_timestamp()) AS mine,
          count(*) FILTER (WHERE ${isFree('g')}) AS free
        FROM ${lanes} AS g WHERE true ${within('$4', 'g')} GROUP BY 1
      ), free AS (
        SELECT l.lane FROM ${lanes} AS l JOIN groups ON groups.number = l.lane % ${groups}
        WHERE ${isFree('l')} ${within('$4', 'l')}
        ORDER BY groups.mine DESC, groups.free DESC, groups.number, l.lane
        LIMIT $3 FOR UPDATE OF l SKIP LOCKED
      )
      UPDATE ${lanes} AS l SET owner = $1, term = l.term + 1, lease_until = ${UNTIL}
      FROM free WHERE l.lane = free.lane ${within('$4', 'l')}
      RETURNING ${['lane', 'term', ...answered].map((name) => `l.${name}`).join(', ')}`,
    release: `
      UPDATE ${lanes} AS l SET owner = NULL, lease_until = NULL
      FROM unnest($2::smallint[], $3::bigint[]) AS mine (lane, term)
      WHERE l.lane = mine.lane AND l.owner = $1 AND l.term = mine.term ${within('$4', 'l')}`,
    leave: `DELETE FROM ${members} AS m WHERE m.${member} = $1 ${within('$2', 'm')}`,
  };
}
