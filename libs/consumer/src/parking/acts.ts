import { NovaError } from '@nova/errors';
import type { Database, Queryable } from '@nova/postgres';
import type { AggregateName } from '../aggregate.ts';
import { errors } from '../errors.ts';
import type { GenerationName } from '../marks.ts';
import { namesOf } from './parked-store.ts';
import {
  type EffectSelection,
  type ParkedSelection,
  SELECTED,
  SELECTED_EFFECTS,
  selectedEffectValues,
  selectedValues,
} from './selection.ts';
import { timeText } from './time-text.ts';

/** What is parked, as an operator means it. */
export type Subject =
  | { readonly subject: 'aggregates'; readonly selection: ParkedSelection }
  | { readonly subject: 'effects'; readonly selection: EffectSelection };

/** Who does something, and why. */
export interface ActOrder {
  /** UUID; an act that is there already is answered instead of another one. */
  readonly actId: string;
  readonly who: string;
  readonly reason: string;
  /** Parts a second; 0 = as fast as it goes. */
  readonly perSecond: number;
}

/** What an operator does about what is parked. */
export type NewAct = ActOrder & Subject & { readonly kind: 'replay' | 'discard' };

/** Has aggregates folded anew that were found before, by what `selection` says. */
export interface NewRefold extends ActOrder {
  readonly selection: Readonly<Record<string, string>>;
  readonly aggregates: readonly AggregateName[];
}

/** An act, and how far it is. */
export interface ActStanding {
  readonly actId: string;
  readonly kind: 'replay' | 'discard' | 'refold';
  readonly subject: 'aggregates' | 'effects';
  readonly who: string;
  readonly reason: string;
  readonly selection: Readonly<Record<string, string | boolean>>;
  readonly perSecond: number;
  readonly state: 'running' | 'done' | 'cancelled';
  /** RFC 3339, UTC, microseconds. */
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly endedBy: string | undefined;
  /** Parts that were selected, and what came of them so far. */
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Were no longer as they had been selected. */
  readonly gone: number;
}

/** A part of an act that has failed. */
export interface FailedPart {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly detail: string;
}

/** Where a page of acts ended. */
export interface ActCursor {
  readonly startedAt: string;
  readonly actId: string;
}

/** Freezes the selection: what fails later is no part of the act. */
export function beginAct(
  database: Database,
  generation: GenerationName,
  act: NewAct,
): Promise<ActStanding> {
  return begin(database, generation, act, (tx) => freeze(tx, generation, act));
}

/** Begins to fold aggregates anew. */
export function beginRefold(
  database: Database,
  generation: GenerationName,
  act: NewRefold,
): Promise<ActStanding> {
  const { actId, aggregates } = act;
  const whole = { ...act, kind: 'refold', subject: 'aggregates' } as const;
  return begin(database, generation, whole, async (tx) => {
    await tx.query(
      `INSERT INTO parked_act_parts (act_id, place, aggregate_type, aggregate_id)
       SELECT $1, place, aggregate_type, aggregate_id
       FROM unnest($2::text[], $3::text[])
         WITH ORDINALITY AS meant (aggregate_type, aggregate_id, place)`,
      [actId, ...namesOf(aggregates)],
    );
  });
}

async function begin(
  database: Database,
  { consumer, generation }: GenerationName,
  act: ActOrder & Pick<ActStanding, 'kind' | 'subject'> & { readonly selection: object },
  freeze: (tx: Queryable) => Promise<void>,
): Promise<ActStanding> {
  await database.transaction(async (tx) => {
    const made = await tx.query(
      `INSERT INTO parked_acts (act_id, consumer, generation, kind, subject, who, reason, selection,
                                per_second)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING 1`,
      [
        act.actId,
        consumer,
        generation,
        act.kind,
        act.subject,
        act.who,
        act.reason,
        JSON.stringify(act.selection),
        act.perSecond,
      ],
    );
    if (made.length > 0) await freeze(tx);
  });
  return readAct(database, consumer, act.actId);
}

async function freeze(tx: Queryable, generation: GenerationName, act: NewAct): Promise<void> {
  if (act.subject === 'effects') {
    await tx.query(
      `INSERT INTO parked_act_parts (act_id, place, effect_lane, effect_sequence)
       SELECT $6, row_number() OVER (ORDER BY f.sequence), f.lane, f.sequence ${SELECTED_EFFECTS}`,
      [...selectedEffectValues(generation.consumer, act.selection), act.actId],
    );
    return;
  }
  await tx.query(
    `INSERT INTO parked_act_parts (act_id, place, aggregate_type, aggregate_id, failed_version)
     SELECT $10, row_number() OVER (ORDER BY b.first_failed_at, b.aggregate_type, b.aggregate_id),
            b.aggregate_type, b.aggregate_id, b.failed_version ${SELECTED}`,
    [...selectedValues(generation, act.selection), act.actId],
  );
}

type ActRow = Omit<ActStanding, 'endedAt' | 'endedBy'> & {
  readonly endedAt: string | null;
  readonly endedBy: string | null;
};

const STANDING = `SELECT a.act_id::text AS "actId", a.kind, a.subject, a.who, a.reason, a.selection,
       a.per_second AS "perSecond", a.state, ${timeText('a.started_at')} AS "startedAt",
       ${timeText('a.ended_at')} AS "endedAt", a.ended_by AS "endedBy", c.*
     FROM parked_acts AS a
     CROSS JOIN LATERAL (
       SELECT count(*)::integer AS total,
              count(*) FILTER (WHERE outcome = 'done')::integer AS done,
              count(*) FILTER (WHERE outcome = 'failed')::integer AS failed,
              count(*) FILTER (WHERE outcome = 'gone')::integer AS gone
       FROM parked_act_parts AS p WHERE p.act_id = a.act_id) AS c`;

/** @throws CONSUMER_ACT_UNKNOWN */
export async function readAct(
  database: Queryable,
  consumer: string,
  actId: string,
): Promise<ActStanding> {
  const [row] = await database.query<ActRow>(
    `${STANDING} WHERE a.consumer = $1 AND a.act_id = $2`,
    [consumer, actId],
  );
  if (row === undefined) throw new NovaError(errors.CONSUMER_ACT_UNKNOWN, { act_id: actId });
  return standingOf(row);
}

/** Acts of a consumer, the latest first. */
export async function listActs(
  database: Queryable,
  consumer: string,
  { limit, after }: { readonly limit: number; readonly after?: ActCursor },
): Promise<readonly ActStanding[]> {
  const rows = await database.query<ActRow>(
    `${STANDING} WHERE a.consumer = $1
       AND ($2::timestamptz IS NULL OR (a.started_at, a.act_id) < ($2::timestamptz, $3::uuid))
     ORDER BY a.started_at DESC, a.act_id DESC LIMIT $4`,
    [consumer, after?.startedAt ?? null, after?.actId ?? null, limit],
  );
  return rows.map(standingOf);
}

/** Parts of an act that have failed, in order. */
export function failedParts(
  database: Queryable,
  actId: string,
  limit: number,
): Promise<readonly FailedPart[]> {
  return database.query<FailedPart>(
    `SELECT coalesce(aggregate_type, '') AS "aggregateType",
            coalesce(aggregate_id, '') AS "aggregateId", detail
     FROM parked_act_parts WHERE act_id = $1 AND outcome = 'failed' ORDER BY place LIMIT $2`,
    [actId, limit],
  );
}

/** Takes up no further part; one that is in work is finished. One that has ended stays as it is. */
export async function cancelAct(
  database: Queryable,
  consumer: string,
  actId: string,
  who: string,
): Promise<ActStanding> {
  await database.query(
    `UPDATE parked_acts SET state = 'cancelled', ended_at = clock_timestamp(), ended_by = $3
     WHERE consumer = $1 AND act_id = $2 AND state = 'running'`,
    [consumer, actId, who],
  );
  return readAct(database, consumer, actId);
}

function standingOf({ endedAt, endedBy, ...row }: ActRow): ActStanding {
  return { ...row, endedAt: endedAt ?? undefined, endedBy: endedBy ?? undefined };
}
