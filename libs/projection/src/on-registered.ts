import { NovaError } from '@nova/errors';
import { isEventTypeName } from '@nova/events';
import { type JsonObject, type Message, StructSchema, toJson } from '@nova/proto/runtime';
import { errors } from './errors.ts';
import type { Fold, Handler } from './view.ts';
import type { ViewEvent } from './view-event.ts';

/** An event type that a team has registered with `nova schema register`. */
export interface RegisteredType {
  readonly eventType: string;
  readonly aggregateType: string;
  /**
   * The properties of the payload that the fold reads: it sees no others, so that `nova schema diff`
   * can tell whether a change of the schema breaks it. Without it all of them.
   */
  readonly fields?: readonly string[];
}

/**
 * Binds a fold to a registered event type. Its payload is JSON as it was published: what its schema
 * of that time allowed. Properties that a later version added may be absent, and unknown ones there.
 *
 * @throws PROJECTION_VIEW_INVALID when the name is no event type.
 */
export function onRegistered<Row extends object, Column extends string>(
  { eventType, aggregateType, fields }: RegisteredType,
  fold: Fold<ViewEvent<JsonObject>, NoInfer<Row>, NoInfer<Column>>,
): Handler<Row, Column> {
  if (!isEventTypeName(eventType)) {
    throw new NovaError(errors.PROJECTION_VIEW_INVALID, {
      view: eventType,
      reason: 'the name is no event type',
    });
  }
  const seen = (event: ViewEvent<Message>) => onlyFields(asJson(event), fields);
  return {
    eventType,
    aggregateType,
    ...(fields === undefined ? {} : { fields: [...fields] }),
    // Any JSON object is one: the log has taken the payload, by its schema.
    schema: StructSchema,
    keys: (event) => fold.keys(seen(event)),
    fold: (row, event, key) => fold.fold(row, seen(event), key),
  };
}

function onlyFields(
  event: ViewEvent<JsonObject>,
  fields: readonly string[] | undefined,
): ViewEvent<JsonObject> {
  if (fields === undefined) return event;
  const { payload } = event;
  const there = fields.filter((name) => Object.hasOwn(payload, name));
  return {
    ...event,
    payload: Object.fromEntries(there.map((name) => [name, payload[name] ?? null])),
  };
}

// An event is folded into several rows.
const payloads = new WeakMap<Message, JsonObject>();

function asJson(event: ViewEvent<Message>): ViewEvent<JsonObject> {
  const known = payloads.get(event.payload);
  if (known !== undefined) return { ...event, payload: known };
  // The runner decodes an event of this type with StructSchema, whose JSON form is an object.
  const payload = toJson(StructSchema, event.payload as never) as JsonObject;
  payloads.set(event.payload, payload);
  return { ...event, payload };
}
