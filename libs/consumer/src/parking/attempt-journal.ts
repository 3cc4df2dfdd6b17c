import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Database, prepared, type Queryable } from '@nova/postgres';
import type { Clock } from '@nova/time';
import { type AggregateName, aggregateKey } from '../aggregate.ts';
import type { Delivery } from '../delivery.ts';
import type { Round } from '../round.ts';

/** Deliveries that are written down before they are applied, after each start and assignment. */
const JOURNALED = 10_000;
const COLLECT_EVERY_MS = 5000;
/** No round of a member elsewhere takes longer: it is dead, or hangs. */
const DEAD_AFTER = `interval '30 s'`;
const MOST_SUSPECTS = 10_000;
/** Without waiting for the disk: it is for the death of a process, not of the database. */
const QUICKLY = `(SELECT set_config('synchronous_commit', 'off', true)) AS quickly`;

const writeDownSql = prepared(`
  INSERT INTO consumer_attempts (consumer, generation, member, host, pid, begun_at, events)
  SELECT $1, $2, $3, $4, $5, clock_timestamp(), $6 FROM ${QUICKLY}
  ON CONFLICT (consumer, generation, member) DO UPDATE
  SET begun_at = excluded.begun_at, events = excluded.events`);
const crossOutSql = prepared(`
  UPDATE consumer_attempts SET events = '[]' FROM ${QUICKLY}
  WHERE consumer = $1 AND generation = $2 AND member = $3`);

/** Members of this process that live. */
const living = new Set<string>();

/** An event in whose round a process has died. */
export interface Suspect {
  readonly eventId: string;
  readonly version: bigint;
  readonly deaths: number;
  /** It was alone in the last such round. */
  readonly wasAlone: boolean;
}

interface SuspectRow {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly eventId: string;
  readonly version: bigint;
  readonly deaths: number;
  readonly wasAlone: boolean;
}

/**
 * Finds the event that kills the process. What kills it comes again when it is started again, among
 * the first that come; so only those are written down before they are applied, which costs nothing
 * later on.
 *
 *   rounds after a start: written down --> applied --> crossed out
 *                              |
 *                              +-- the process dies: the next one finds what was not crossed out,
 *                                  counts a death for each, and tries them apart (watched-round.ts)
 */
export class AttemptJournal {
  readonly #database: Database;
  readonly #consumer: string;
  readonly #clock: Clock;
  readonly #member = randomUUID();
  readonly #suspects = new Map<string, Suspect[]>();
  #left = JOURNALED;
  #collectAtMs = 0;
  /** Crossing out that is under way. */
  #crossing: Promise<unknown> = Promise.resolve();

  constructor(database: Database, consumer: string, clock: Clock) {
    this.#database = database;
    this.#consumer = consumer;
    this.#clock = clock;
  }

  /** Begins to write down again: other partitions come now. */
  rearm(): void {
    living.add(this.#member);
    this.#left = JOURNALED;
    this.#collectAtMs = 0;
  }

  /** Whether rounds are written down at present, all or some of them. */
  get isWatching(): boolean {
    return this.#left > 0 || this.#suspects.size > 0;
  }

  /** Suspects of an aggregate, whatever their versions. */
  suspectsOf(aggregate: string): readonly Suspect[] {
    return this.#suspects.get(aggregate) ?? [];
  }

  /** Looks for members that have died, now and then while rounds are written down. */
  async look(generation: number): Promise<void> {
    if (this.#left <= 0 || this.#clock.monotonicMs() < this.#collectAtMs) return;
    await this.#database.transaction((tx) => this.#collect(tx));
    // The process died after they were applied.
    await this.#database.query(
      `DELETE FROM consumer_suspects AS s USING consumer_progress AS p
       WHERE s.consumer = $1 AND p.consumer = $1 AND p.generation = $2
         AND p.aggregate_type = s.aggregate_type AND p.aggregate_id = s.aggregate_id
         AND p.applied_version >= s.aggregate_version`,
      [this.#consumer, generation],
    );
    const rows = await this.#database.query<SuspectRow>(
      `SELECT aggregate_type AS "aggregateType", aggregate_id AS "aggregateId",
              event_id AS "eventId", aggregate_version AS version, deaths, was_alone AS "wasAlone"
       FROM consumer_suspects WHERE consumer = $1 LIMIT $2`,
      [this.#consumer, MOST_SUSPECTS],
    );
    this.#suspects.clear();
    for (const row of rows) this.#add(row);
    this.#collectAtMs = this.#clock.monotonicMs() + COLLECT_EVERY_MS;
  }

  /** Writes down what is about to be applied, where that is due; true when it was. */
  async begin(generation: number, { deliveries, retried }: Round): Promise<boolean> {
    const all = [...deliveries.values()].flat();
    const isWatched = all.some(({ aggregate }) => this.#suspects.has(aggregate));
    if (this.#left <= 0 && retried.size === 0 && !isWatched) return false;
    this.#left -= all.length;
    await this.#crossing;
    const events = all.map(({ event }) => [
      event.aggregateType,
      event.aggregateId,
      event.aggregateVersion.toString(),
      event.eventId,
    ]);
    const who = [this.#consumer, generation, this.#member, hostname(), process.pid];
    await this.#database.query(writeDownSql, [...who, JSON.stringify(events)]);
    return true;
  }

  /** Crosses out what {@link begin} wrote: the process lives. Nobody has to wait for it. */
  end(generation: number, { deliveries }: Round): void {
    const innocent = [...deliveries.values()].flat().filter((one) => this.#isSuspect(one));
    for (const { aggregate, event } of innocent) this.#acquit(aggregate, event.eventId);
    const eventIds = innocent.map(({ event }) => event.eventId);
    // What is not crossed out is written over by the next round, or acquitted by its mark.
    this.#crossing = this.#crossing.then(() => this.#cross(generation, eventIds)).catch(() => {});
  }

  async #cross(generation: number, innocent: readonly string[]): Promise<void> {
    await this.#database.query(crossOutSql, [this.#consumer, generation, this.#member]);
    if (innocent.length === 0) return;
    await this.#database.query(
      'DELETE FROM consumer_suspects WHERE consumer = $1 AND event_id = ANY ($2::text[])',
      [this.#consumer, innocent],
    );
  }

  /** Lets what has killed processes be run once more: its handler may have been mended. */
  async pardon(name: AggregateName, mostDeaths: number): Promise<void> {
    await this.#database.query(
      `UPDATE consumer_suspects SET deaths = $4
       WHERE consumer = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND deaths > $4`,
      [this.#consumer, name.aggregateType, name.aggregateId, mostDeaths - 1],
    );
    const aggregate = aggregateKey(name);
    const pardoned = this.suspectsOf(aggregate).map((one) => ({
      ...one,
      deaths: Math.min(one.deaths, mostDeaths - 1),
    }));
    if (pardoned.length > 0) this.#suspects.set(aggregate, pardoned);
  }

  /** The member stops in order. */
  async close(): Promise<void> {
    living.delete(this.#member);
    await this.#crossing;
    await this.#database.query(
      'DELETE FROM consumer_attempts WHERE consumer = $1 AND member = $2',
      [this.#consumer, this.#member],
    );
  }

  #acquit(aggregate: string, eventId: string): void {
    const left = this.suspectsOf(aggregate).filter((one) => one.eventId !== eventId);
    if (left.length === 0) this.#suspects.delete(aggregate);
    else this.#suspects.set(aggregate, left);
  }

  #isSuspect({ aggregate, event }: Delivery): boolean {
    return this.suspectsOf(aggregate).some(({ eventId }) => eventId === event.eventId);
  }

  #add({ aggregateType, aggregateId, ...suspect }: SuspectRow): void {
    const aggregate = aggregateKey({ aggregateType, aggregateId });
    this.#suspects.set(aggregate, [...this.suspectsOf(aggregate), suspect]);
  }

  async #collect(tx: Queryable): Promise<void> {
    const rows = await tx.query<{
      member: string;
      host: string;
      pid: number;
      is_old: boolean;
      events: readonly (readonly [string, string, string, string])[];
    }>(
      `SELECT member, host, pid, begun_at < clock_timestamp() - ${DEAD_AFTER} AS is_old, events
       FROM consumer_attempts WHERE consumer = $1 AND member <> $2 FOR UPDATE SKIP LOCKED`,
      [this.#consumer, this.#member],
    );
    for (const { member, host, pid, is_old: isOld, events } of rows) {
      const isDead = host === hostname() ? !isAlive(member, pid) : isOld;
      if (!isDead) continue;
      await tx.query(
        `INSERT INTO consumer_suspects (consumer, aggregate_type, aggregate_id, aggregate_version,
           event_id, deaths, was_alone)
         SELECT $1, e->>0, e->>1, (e->>2)::bigint, e->>3, 1, $3
         FROM jsonb_array_elements($2::jsonb) AS e
         ON CONFLICT (consumer, event_id) DO UPDATE
         SET deaths = consumer_suspects.deaths + 1, was_alone = excluded.was_alone`,
        [this.#consumer, JSON.stringify(events), events.length === 1],
      );
      await tx.query('DELETE FROM consumer_attempts WHERE consumer = $1 AND member = $2', [
        this.#consumer,
        member,
      ]);
    }
  }
}

/** Whether a member of this machine lives. */
function isAlive(member: string, pid: number): boolean {
  if (pid === process.pid) return living.has(member);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
