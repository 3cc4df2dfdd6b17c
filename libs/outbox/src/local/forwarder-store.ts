import { type Database, loadSql, type Queryable } from '@nova/postgres';
import type { OutboxEvent } from './local-event.ts';
import { type OutboxRow, readOutboxRow } from './outbox-row.ts';
import type { OutboxCursor } from './window.ts';

const file = (name: string) => loadSql(new URL(`./sql/${name}.sql`, import.meta.url));
const sql = {
  take: file('take-lease'),
  leave: file('leave-lease'),
  save: file('save-cursor'),
  park: file('park'),
  unpark: file('unpark'),
  parked: file('parked'),
  aggregate: file('read-aggregate'),
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
  readonly isDue: boolean;
}

/** Why an aggregate waits. */
export interface Parking extends Omit<ParkedAggregate, 'isDue'> {
  readonly reason: string;
  readonly message: string;
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
    changes: {
      readonly parked?: readonly Parking[];
      readonly freed?: Omit<ParkedAggregate, 'isDue'>;
      readonly retryMs: number;
    },
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { done, open } = cursor;
      const saved = await tx.query(sql.save, [
        ...[term, done, open?.snapshot ?? null, open?.afterId ?? 0n, logPosition ?? null, server],
      ]);
      if (saved.length === 0) throw new LeaseLost();
      for (const one of changes.parked ?? []) await park(tx, one, changes.retryMs);
      const { freed } = changes;
      if (freed !== undefined) await tx.query(sql.unpark, [freed.aggregateType, freed.aggregateId]);
    });
  }

  /** Those that wait longest for their next attempt first. */
  async parked(): Promise<readonly ParkedAggregate[]> {
    const rows = await this.#database.query<{
      aggregate_type: string;
      aggregate_id: string;
      next_version: bigint;
      is_due: boolean;
    }>(sql.parked);
    return rows.map((row) => ({
      aggregateType: row.aggregate_type,
      aggregateId: row.aggregate_id,
      nextVersion: row.next_version,
      isDue: row.is_due,
    }));
  }

  /** The events of an aggregate from a version on. */
  async eventsOf(from: Omit<ParkedAggregate, 'isDue'>, limit: number): Promise<OutboxEvent[]> {
    const params = [from.aggregateType, from.aggregateId, from.nextVersion, limit];
    return (await this.#database.query<OutboxRow>(sql.aggregate, params)).map(readOutboxRow);
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

async function park(tx: Queryable, one: Parking, retryMs: number): Promise<void> {
  const { aggregateType, aggregateId, nextVersion, reason, message } = one;
  await tx.query(sql.park, [aggregateType, aggregateId, nextVersion, reason, message, retryMs]);
}
