import { NovaError } from '@nova/errors';
import type { Queryable } from '@nova/postgres';
import { errors } from './errors.ts';
import { timeText } from './parking/time-text.ts';

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

type Row = Omit<RebuildStanding, 'head' | 'views'>;

/** What the database knows of it. @throws CONSUMER_NOT_OPEN */
export async function readStanding(database: Queryable, consumer: string): Promise<Row> {
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
