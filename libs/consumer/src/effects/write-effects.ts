import { NovaError } from '@nova/errors';
import { effectId, laneOf } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import { type RowStep, rowName } from '@nova/projection';
import type { JsonValue } from '@nova/proto/runtime';
import { type AggregateName, aggregateKey } from '../aggregate.ts';
import type { Delivery } from '../delivery.ts';
import type { AggregateRows, Effect } from '../effect.ts';
import { errors } from '../errors.ts';

/** An effect as a row of consumer_effects. */
export interface EffectRow {
  readonly effectId: string;
  readonly effect: string;
  readonly key: string;
  readonly target: string;
  readonly body: JsonValue;
  readonly delivery: Delivery;
}

/** What the effect's own event needs to know of its source. */
export interface EffectSource {
  readonly occurred_at: string;
  readonly stored_at: string;
  readonly correlation_id?: string;
  readonly expires_at?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** The effects that an event has, by the rows that it has changed. */
export function planEffects(
  consumer: string,
  effects: readonly Effect[],
  event: Parameters<Effect['plan']>[0],
  steps: readonly RowStep[],
  delivery: Delivery,
): EffectRow[] {
  const rows = rowsOf(steps);
  return effects
    .filter(({ eventType }) => eventType === event.eventType)
    .flatMap((effect) =>
      effect.plan(event, rows).map((planned) => ({
        effectId: effectId(consumer, event.eventId, `${effect.name}:${planned.key}`),
        effect: effect.name,
        key: planned.key,
        target: planned.target,
        body: planned.body,
        delivery,
      })),
    );
}

function rowsOf(steps: readonly RowStep[]): AggregateRows {
  const find = (view: { readonly name: string }, key: object) =>
    steps.find(
      ({ name }) =>
        name.table.view.name === view.name && name.text === rowName(name.table, key).text,
    );
  return {
    // The row was written by this view's folds, or is of the type they declare.
    before: (view, key) => find(view, key)?.before as never,
    after: (view, key) => find(view, key)?.after as never,
  };
}

/**
 * Locks the effect marks of aggregates, by {@link aggregateKey}: effects of versions at or below are
 * written already, by whatever generation.
 *
 * @throws CONSUMER_MARKS_CONTENDED when another member makes the same mark.
 */
export async function lockEffectMarks(
  tx: Queryable,
  consumer: string,
  aggregates: readonly AggregateName[],
): Promise<Map<string, bigint>> {
  if (aggregates.length === 0) return new Map();
  const names = [...aggregates].sort((a, b) => (aggregateKey(a) < aggregateKey(b) ? -1 : 1));
  const types = names.map(({ aggregateType }) => aggregateType);
  const ids = names.map(({ aggregateId }) => aggregateId);
  const rows = await tx.query<{ aggregate_type: string; aggregate_id: string; version: bigint }>(
    `SELECT m.aggregate_type, m.aggregate_id, m.version
     FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS wanted (aggregate_type, aggregate_id, place)
     JOIN consumer_effect_marks AS m
       ON m.consumer = $1 AND m.aggregate_type = wanted.aggregate_type
      AND m.aggregate_id = wanted.aggregate_id
     ORDER BY wanted.place FOR UPDATE OF m`,
    [consumer, types, ids],
  );
  const marks = new Map(
    rows.map((row) => [
      aggregateKey({ aggregateType: row.aggregate_type, aggregateId: row.aggregate_id }),
      row.version,
    ]),
  );
  const missing = names.filter((name) => !marks.has(aggregateKey(name)));
  if (missing.length === 0) return marks;
  const made = await tx.query(
    `INSERT INTO consumer_effect_marks (consumer, aggregate_type, aggregate_id, version)
     SELECT $1, aggregate_type, aggregate_id, 0
     FROM unnest($2::text[], $3::text[]) AS wanted (aggregate_type, aggregate_id)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [
      consumer,
      missing.map(({ aggregateType }) => aggregateType),
      missing.map(({ aggregateId }) => aggregateId),
    ],
  );
  if (made.length < missing.length) throw new NovaError(errors.CONSUMER_MARKS_CONTENDED);
  return marks;
}

/** Moves effect marks that this transaction has locked. */
export async function writeEffectMarks(
  tx: Queryable,
  consumer: string,
  marks: readonly (AggregateName & { readonly version: bigint })[],
): Promise<void> {
  if (marks.length === 0) return;
  await tx.query(
    `UPDATE consumer_effect_marks AS m SET version = greatest(m.version, moved.version)
     FROM unnest($2::text[], $3::text[], $4::bigint[]) AS moved (aggregate_type, aggregate_id, version)
     WHERE m.consumer = $1 AND m.aggregate_type = moved.aggregate_type
       AND m.aggregate_id = moved.aggregate_id`,
    [
      consumer,
      marks.map(({ aggregateType }) => aggregateType),
      marks.map(({ aggregateId }) => aggregateId),
      marks.map(({ version }) => version),
    ],
  );
}

/** Writes effects beside the view, in the order given. */
export async function writeEffects(
  tx: Queryable,
  consumer: string,
  rows: readonly EffectRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const given = rows.map(({ delivery, ...row }, place) => ({
    place,
    effect_id: row.effectId,
    effect: row.effect,
    effect_key: row.key,
    target: row.target,
    lane: laneOf(row.target),
    body: row.body,
    source_event_id: delivery.event.eventId,
    source: sourceOf(delivery),
  }));
  await tx.query(
    `INSERT INTO consumer_effects (consumer, effect_id, effect, effect_key, target, lane, body,
                                   source_event_id, source)
     SELECT $1, effect_id, effect, effect_key, target, lane, body, source_event_id, source
     FROM jsonb_to_recordset($2::jsonb) AS r (place integer, effect_id uuid, effect text,
       effect_key text, target text, lane smallint, body jsonb, source_event_id text, source jsonb)
     ORDER BY place`,
    [consumer, JSON.stringify(given)],
  );
}

function sourceOf({ event }: Delivery): EffectSource {
  const { correlationId, expiresAt, traceparent, tracestate } = event.annotations;
  return {
    occurred_at: event.occurredAt,
    stored_at: event.storedAt,
    ...(correlationId === undefined ? {} : { correlation_id: correlationId }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  };
}
