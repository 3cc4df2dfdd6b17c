import { effectId, laneOf } from '@nova/events';
import { prepared, type Queryable } from '@nova/postgres';
import { type RowStep, rowName } from '@nova/projection';
import type { JsonValue } from '@nova/proto/runtime';
import type { Delivery } from '../delivery.ts';
import type { AggregateRows, Effect } from '../effect.ts';

const writeSql =
  prepared(`INSERT INTO consumer_effects (consumer, effect_id, effect, effect_key, target, lane, body,
                                   source_event_id, source)
     SELECT $1, effect_id, effect, effect_key, target, lane, body, source_event_id, source
     FROM jsonb_to_recordset($2::jsonb) AS r (place integer, effect_id uuid, effect text,
       effect_key text, target text, lane smallint, body jsonb, source_event_id text, source jsonb)
     ORDER BY place`);

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
  /** Where the source event is in the log; its position as text. */
  readonly epoch: string;
  readonly position: string;
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
  await tx.query(writeSql, [consumer, JSON.stringify(given)]);
}

function sourceOf({ event }: Delivery): EffectSource {
  const { correlationId, expiresAt, traceparent, tracestate } = event.annotations;
  const { epoch, position } = event.position;
  return {
    epoch,
    position: position.toString(),
    occurred_at: event.occurredAt,
    stored_at: event.storedAt,
    ...(correlationId === undefined ? {} : { correlation_id: correlationId }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  };
}
