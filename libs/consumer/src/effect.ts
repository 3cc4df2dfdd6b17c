import type { StoredEvent } from '@nova/events';
import { readEventType } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import {
  type FieldOf,
  type Key,
  type PayloadReader,
  type Reading,
  readFields,
  type SeenEvent,
  type View,
  type ViewEvent,
} from '@nova/projection';
import type { DescMessage, JsonObject, JsonValue, Message } from '@nova/proto/runtime';

/** This aggregate's rows around one event. Only rows that a handler's keys() named for it. */
export interface AggregateRows {
  before<Row extends object, Column extends string>(
    view: View<Row, Column>,
    key: Key<Row, Column>,
  ): Row | undefined;
  after<Row extends object, Column extends string>(
    view: View<Row, Column>,
    key: Key<Row, Column>,
  ): Row | undefined;
}

/** A consequence of an event, written with the view and carried out after commit. */
export interface PlannedEffect {
  /** Tells it from the other effects of the same event and effect name, for example the recipient. */
  readonly key: string;
  /** Effects of one target are carried out in the order of writing: aggregate, or recipient and channel. */
  readonly target: string;
  /** What {@link Effect.judgeAll} needs to know; at most a few KiB. */
  readonly body: JsonValue;
}

/** An event that an effect publishes. */
export interface EffectEvent {
  readonly schema: DescMessage;
  readonly aggregateId: string;
  /** JSON as PublishEvent takes it: snake_case, checked by the log. */
  readonly payload: JsonObject;
}

/** What becomes of an event outside the views. Declared with {@link effect}. */
export interface Effect extends PayloadReader {
  /** Part of the effects' ids: never rename it. */
  readonly name: string;
  /** Pure: the event and its aggregate's rows → effects. */
  plan(event: ViewEvent<Message>, rows: AggregateRows): readonly PlannedEffect[];
  /**
   * Carried out after commit. What other aggregates decide (mutes, blocks, preferences) is judged
   * here, on the serving generation: one answer each, in order; undefined = nothing is published.
   */
  judgeAll(
    planned: readonly PlannedEffect[],
    views: Queryable,
  ): Promise<readonly (EffectEvent | undefined)[]>;
}

/** What tells an effect: `judge` one by one, or `judgeAll` in one go, which is quicker. */
export type EffectDefinition<
  Schema extends DescMessage,
  Field extends FieldOf<Schema> = FieldOf<Schema>,
> = Reading<Field> & {
  readonly name: string;
  plan(event: SeenEvent<Schema, NoInfer<Field>>, rows: AggregateRows): readonly PlannedEffect[];
} & (
    | Pick<Effect, 'judgeAll'>
    | { judge(planned: PlannedEffect, views: Queryable): Promise<EffectEvent | undefined> }
  );

/** Binds an effect to an event type, which the consumer then consumes. */
export function effect<
  Schema extends DescMessage,
  const Field extends FieldOf<Schema> = FieldOf<Schema>,
>(schema: Schema, definition: EffectDefinition<Schema, Field>): Effect {
  const eventType = readEventType(schema);
  if (eventType === undefined) {
    throw new TypeError(`effect ${definition.name}: ${schema.typeName} is no event payload`);
  }
  return {
    name: definition.name,
    eventType: eventType.type,
    schema,
    ...readFields(schema, definition),
    // The runner decodes an event of this type with this schema, so its payload is of this shape.
    plan: (event, rows) => definition.plan(event as SeenEvent<Schema, Field>, rows),
    judgeAll: (planned, views) =>
      'judgeAll' in definition
        ? definition.judgeAll(planned, views)
        : oneByOne(planned, (one) => definition.judge(one, views)),
  };
}

async function oneByOne<T>(
  planned: readonly PlannedEffect[],
  judge: (one: PlannedEffect) => Promise<T>,
): Promise<readonly T[]> {
  const judged: T[] = [];
  for (const one of planned) judged.push(await judge(one));
  return judged;
}

/** An event to be appended for an effect. */
export interface EffectAppend {
  /** UUIDv5 of consumer, source event and effect: appending it twice stores it once. */
  readonly eventId: string;
  /** That of its {@link PlannedEffect}. */
  readonly target: string;
  readonly eventType: string;
  readonly aggregateId: string;
  readonly payload: JsonObject;
  readonly causationId: string;
  readonly correlationId: string | undefined;
  readonly occurredAt: string;
  readonly trace: Pick<StoredEvent['annotations'], 'traceparent' | 'tracestate'>;
}

/**
 * What became of an append: stored (or replayed), refused for good, or held back because one before
 * it of the same target was refused.
 */
export type EffectOutcome =
  | { readonly outcome: 'stored' }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'held' };

/** Appends events to the log; service-kit satisfies it over gRPC. */
export interface EventAppender {
  /**
   * One outcome per event, in order. Events of one call may be appended in one batch, each judged
   * by itself; but once one of a target is refused, none of that target behind it is appended.
   *
   * @throws a NovaError whose retry is not `never` when the log cannot be reached; nothing is known
   *   then, and the same events are given again.
   */
  append(events: readonly EffectAppend[]): Promise<readonly EffectOutcome[]>;
}
