import { type Database, loadSql, type Queryable } from '@nova/postgres';
import { numberArray, textArray } from '../array-literal.ts';
import { keyOf, type OutboxEvent } from './local-event.ts';
import { type OutboxRow, readOutboxRow } from './outbox-row.ts';
import type { OutboxCursor } from './window.ts';

const file = (name: string) => loadSql(new URL(`./sql/${name}.sql`, import.meta.url));
const sql = {
  take: file('take-lease'),
  leave: file('leave-lease'),
  save: file('save-cursor'),
  park: file('park'),
  unpark: file('unpark'),
  due: file('parked-due'),
  among: file('parked-among'),
  events: file('parked-events'),
};

const UPKEEP_TIMEOUT_MS = 30_000;
/** Making and dropping partitions waits for locks, and whoever appends would wait behind it. */
const LOCK_TIMEOUT_MS = 100;

/** How far the outbox is forwarded, as it is stored. */
export interface Held {
  readonly term: bigint;
  readonly cursor: OutboxCursor;
  readonly logPosition: string | undefined;
  /** The server that the cursor was stored on. */
  readonly server: string;
}

/** An aggregate whose next event nova refuses. */
export interface ParkedAggregate {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** The first version that is not in the log. */
  readonly nextVersion: bigint;
}

/** Why an aggregate waits. */
export interface Parking extends ParkedAggregate {
  readonly reason: string;
  readonly message: string;
  /** Nothing is wrong: more of it follows than was sent at a time. It goes on at once. */
  readonly isBehind?: true;
}

/** What is stored beside a cursor. */
export interface ParkedChanges {
  readonly parked?: readonly Parking[];
  readonly freed?: readonly ParkedAggregate[];
}

/** Somebody else forwards now: what was not stored yet is theirs. */
export class LeaseLost extends Error {}

/** What a forwarder keeps in the team's database. Every write names the term it is made in. */
export class ForwarderStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Takes or renews the lease; undefined while another instance has it. */
  async take(owner: string, leaseMs: number): Promise<Held | undefined> {
    const [row] = await this.#database.query<{
      term: bigint;
      done: string;
      open: string | null;
      after_id: bigint;
      log_position: string | null;
      server: string;
    }>(sql.take, [owner, leaseMs]);
    if (row === undefined) return undefined;
    const { term, done, open, after_id: afterId } = row;
    return {
      term,
      cursor: open === null ? { done } : { done, open: { snapshot: open, afterId } },
      logPosition: row.log_position ?? undefined,
      server: row.server,
    };
  }

  async leave(owner: string, term: bigint): Promise<void> {
    await this.#database.query(sql.leave, [owner, term]);
  }

  /** After a move to another server: everything that is there counts as not forwarded. */
  async rebase(): Promise<void> {
    await this.#database.session({ statementTimeoutMs: UPKEEP_TIMEOUT_MS }, (session) =>
      session.query('SELECT local_outbox_rebase()'),
    );
  }

  /**
   * Stores how far the outbox is forwarded, and in the same transaction who waits and who no longer
   * does: an event that is passed without being in the log is one that is parked.
   *
   * @throws LeaseLost
   */
  async save(
    { term, cursor, logPosition, server }: Held,
    { parked = [], freed = [], retryMs }: ParkedChanges & { readonly retryMs: number },
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { done, open } = cursor;
      const saved = await tx.query(sql.save, [
        ...[term, done, open?.snapshot ?? null, open?.afterId ?? 0n, logPosition ?? null, server],
      ]);
      if (saved.length === 0) throw new LeaseLost();
      await Promise.all([
        ...parked.map((one) => park(tx, one, one.isBehind ? 0 : retryMs)),
        ...freed.map((one) => tx.query(sql.unpark, [one.aggregateType, one.aggregateId])),
      ]);
    });
  }

  /** Those whose time has come, and those that wait longest for it first. */
  async due(limit: number): Promise<readonly ParkedAggregate[]> {
    const rows = await this.#database.query<ParkedRow & { next_version: bigint }>(sql.due, [limit]);
    return rows.map((row) => ({
      aggregateType: row.aggregate_type,
      aggregateId: row.aggregate_id,
      nextVersion: row.next_version,
    }));
  }

  async isAnyParked(): Promise<boolean> {
    const rows = await this.#database.query('SELECT FROM local_outbox_parked LIMIT 1');
    return rows.length > 0;
  }

  /** The keys of those events whose aggregates are parked. */
  async parkedAmong(events: readonly OutboxEvent[]): Promise<ReadonlySet<string>> {
    const aggregates = [...new Map(events.map((event) => [keyOf(event), event])).values()];
    const rows = await this.#database.query<ParkedRow>(sql.among, [
      textArray(aggregates.map(({ aggregateType }) => aggregateType)),
      textArray(aggregates.map(({ aggregateId }) => aggregateId)),
    ]);
    return new Set(
      rows.map((row) =>
        keyOf({ aggregateType: row.aggregate_type, aggregateId: row.aggregate_id }),
      ),
    );
  }

  /**
   * The events of parked aggregates from their next version on, aggregate by aggregate, as far as
   * the bounds allow. `isCut`: there are more than those bytes.
   */
  async eventsOf(
    parked: readonly ParkedAggregate[],
    bounds: { readonly perAggregate: number; readonly bytes: number },
  ): Promise<{ readonly events: readonly OutboxEvent[]; readonly isCut: boolean }> {
    const rows = await this.#database.query<OutboxRow & { found: bigint }>(sql.events, [
      textArray(parked.map(({ aggregateType }) => aggregateType)),
      textArray(parked.map(({ aggregateId }) => aggregateId)),
      numberArray(parked.map(({ nextVersion }) => nextVersion)),
      bounds.perAggregate,
      bounds.bytes,
    ]);
    const isCut = BigInt(rows.length) < (rows[0]?.found ?? 0n);
    return { events: rows.map(readOutboxRow), isCut };
  }

  /** Makes the next partition in time, and seals those that are full. */
  prepare(): Promise<void> {
    return this.#maintain(['SELECT local_outbox_extend()', 'SELECT local_outbox_seal()']);
  }

  /** Drops what is sealed since `keepMs` and passed by the stored cursor. */
  drop(keepMs: number): Promise<void> {
    return this.#maintain([`SELECT local_outbox_drop('${Math.ceil(keepMs)} milliseconds')`]);
  }

  async #maintain(statements: readonly string[]): Promise<void> {
    await this.#database.session({ statementTimeoutMs: UPKEEP_TIMEOUT_MS }, async (session) => {
      await session.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
      for (const statement of statements) await session.query(statement);
    });
  }
}

interface ParkedRow {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
}

async function park(tx: Queryable, one: Parking, retryMs: number): Promise<void> {
  const { aggregateType, aggregateId, nextVersion, reason, message } = one;
  await tx.query(sql.park, [aggregateType, aggregateId, nextVersion, reason, message, retryMs]);
}
