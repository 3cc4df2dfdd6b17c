import { messageOf, NovaError } from '@nova/errors';
import type { Queryable } from '@nova/postgres';
import type { ConsumerContext, SessionContext } from './context.ts';
import { errors } from './errors.ts';
import { beginGeneration, type Generation, retire } from './generation.ts';
import { timeText } from './parking/time-text.ts';
import { rebuild } from './rebuild.ts';

/** How the last rebuild of a consumer is doing. */
export interface RebuildStanding {
  readonly state: 'none' | 'running' | 'done' | 'cancelled' | 'failed';
  /** 0 without one. */
  readonly generation: number;
  readonly serving: number;
  /** Position up to which it is made, and where the log ends. */
  readonly scanned: bigint;
  readonly head: bigint;
  /** Aggregates of the serving views, exact to 100,000. */
  readonly aggregates: number;
  readonly views: readonly string[];
  readonly who: string;
  readonly reason: string;
  /** RFC 3339, as are all times here. */
  readonly startedAt: string | undefined;
  readonly movedAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly endedBy: string;
  readonly failure: string;
}

/** Rebuilds as operators ask for them. */
export interface Rebuilding {
  /** How the last one is doing, whichever member works on it; what one would read. */
  standing(): Promise<RebuildStanding>;
  /** Begins one, which goes on by itself. @throws CONSUMER_REBUILD_RUNNING */
  begin(by: { readonly who: string; readonly reason: string }): Promise<RebuildStanding>;
  /** Ends the one that runs, whichever member works on it. */
  cancel(who: string): Promise<RebuildStanding>;
}

/** What rebuilds need of a running consumer. */
export interface RebuildingPorts {
  readonly context: ConsumerContext;
  /** @throws CONSUMER_NOT_OPEN */
  readonly session: () => { readonly live: SessionContext; readonly stop: AbortSignal };
  readonly served: (made: Generation) => void;
}

type Row = Omit<RebuildStanding, 'head' | 'views'>;

/**
 * A rebuild's state is in the database: the row of the generation that is built, and its tail cursors
 * for how far it is. So any member answers, and any member can end it: the one that works on it finds
 * its generation retired.
 */
export class OperatorRebuilds implements Rebuilding {
  readonly #ports: RebuildingPorts;

  constructor(ports: RebuildingPorts) {
    this.#ports = ports;
  }

  async standing(): Promise<RebuildStanding> {
    const { context } = this.#ports;
    const { database, definition, log } = context;
    const { head } = await log.getLog();
    const row = await readStanding(database, definition.name);
    return { ...row, head: head.position, views: definition.views.map(({ name }) => name) };
  }

  /** Rebuilds now, and resolves with the number of the generation that then serves. */
  async run(): Promise<number> {
    const { live, stop } = this.#ports.session();
    const made = await beginGeneration(live.database, live.definition);
    this.#ports.served(await rebuild(live, made, stop));
    return made.generation;
  }

  async begin(by: { readonly who: string; readonly reason: string }): Promise<RebuildStanding> {
    const { live, stop } = this.#ports.session();
    const { name: consumer } = live.definition;
    const { state } = await readStanding(live.database, consumer);
    if (state === 'running') throw new NovaError(errors.CONSUMER_REBUILD_RUNNING, { consumer });
    const made = await beginGeneration(live.database, live.definition);
    await note(live.database, made, by);
    const { who: principal, reason } = by;
    live.logger.info({ count: made.generation, principal, reason }, 'rebuilding from the log');
    void this.#carryOut(live, made, stop);
    return this.standing();
  }

  async cancel(who: string): Promise<RebuildStanding> {
    const { database, definition, logger } = this.#ports.context;
    const ended = await database.query<{ generation: number }>(
      `UPDATE consumer_generations
       SET state = 'retired', retired_at = clock_timestamp(), ended_by = $2
       WHERE consumer = $1 AND state = 'building' RETURNING generation`,
      [definition.name, who],
    );
    for (const { generation } of ended) {
      logger.warn({ count: generation, principal: who }, 'rebuild cancelled');
    }
    return this.standing();
  }

  async #carryOut(live: SessionContext, made: Generation, stop: AbortSignal): Promise<void> {
    const { database, logger } = live;
    try {
      this.#ports.served(await rebuild(live, made, stop));
      logger.info({ count: made.generation }, 'rebuilt generation serves');
    } catch (thrown) {
      logger.warn({ count: made.generation, err: thrown }, 'rebuild ended, the old views serve on');
      await database
        .query(
          `UPDATE consumer_generations SET failure = $3
           WHERE consumer = $1 AND generation = $2 AND ended_by IS NULL`,
          [made.consumer, made.generation, messageOf(thrown)],
        )
        .catch(() => {});
      await retire(database, made, 'building').catch(() => {});
    }
  }
}

async function note(
  database: Queryable,
  { consumer, generation }: Generation,
  { who, reason }: { readonly who: string; readonly reason: string },
): Promise<void> {
  await database.query(
    `UPDATE consumer_generations SET begun_by = $3, reason = $4
     WHERE consumer = $1 AND generation = $2`,
    [consumer, generation, who, reason],
  );
}

async function readStanding(database: Queryable, consumer: string): Promise<Row> {
  const [row] = await database.query<
    Omit<Row, 'startedAt' | 'movedAt' | 'endedAt'> & {
      startedAt: string | null;
      movedAt: string | null;
      endedAt: string | null;
    }
  >(
    `SELECT CASE WHEN g.generation IS NULL THEN 'none' WHEN g.state = 'building' THEN 'running'
                 WHEN g.served_at IS NOT NULL THEN 'done' WHEN g.ended_by IS NOT NULL THEN 'cancelled'
                 ELSE 'failed' END AS state,
            coalesce(g.generation, 0) AS generation, s.generation AS serving,
            coalesce(t.scanned, 0) AS scanned,
            (SELECT count(*)::integer FROM (
               SELECT 1 FROM consumer_progress AS p
               WHERE p.consumer = s.consumer AND p.generation = s.generation LIMIT 100000) AS known
            ) AS aggregates,
            coalesce(g.begun_by, '') AS who, coalesce(g.reason, '') AS reason,
            ${timeText('g.created_at')} AS "startedAt",
            ${timeText('coalesce(t.moved_at, g.created_at)')} AS "movedAt",
            ${timeText('coalesce(g.served_at, g.retired_at)')} AS "endedAt",
            coalesce(g.ended_by, '') AS "endedBy",
            coalesce(g.failure, CASE WHEN g.state = 'retired' AND g.served_at IS NULL
                                THEN 'another rebuild was begun' END, '') AS failure
     FROM consumer_generations AS s
     LEFT JOIN LATERAL (
       SELECT * FROM consumer_generations AS g
       WHERE g.consumer = s.consumer AND g.begun_by IS NOT NULL ORDER BY g.generation DESC LIMIT 1
     ) AS g ON true
     LEFT JOIN LATERAL (
       SELECT min(t.position) AS scanned, max(t.checked_at) AS moved_at FROM consumer_tail AS t
       WHERE t.consumer = g.consumer AND t.generation = g.generation
     ) AS t ON true
     WHERE s.consumer = $1 AND s.state = 'serving'`,
    [consumer],
  );
  if (row === undefined) throw new NovaError(errors.CONSUMER_NOT_OPEN, { consumer });
  const { startedAt, movedAt, endedAt, ...rest } = row;
  return {
    ...rest,
    startedAt: startedAt ?? undefined,
    movedAt: movedAt ?? undefined,
    endedAt: endedAt ?? undefined,
  };
}
