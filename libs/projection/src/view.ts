import { NovaError } from '@nova/errors';
import { readEventType } from '@nova/events';
import type { DescMessage, Message, MessageShape } from '@nova/proto/runtime';
import { errors } from './errors.ts';
import { type PayloadReader, publishedName } from './payload-form.ts';
import type { ViewEvent } from './view-event.ts';

/** The key columns of a row with their values. */
export type Key<Row extends object, Column extends string> = {
  readonly [Name in Column & keyof Row]: Row[Name];
};

/**
 * What a view makes of one event type. Methods are pure: no clock, no SQL, no randomness, and they
 * accept every payload that the schema allows, whatever came before.
 */
export interface Fold<Event, Row extends object, Column extends string> {
  /** The rows that the event concerns; each key begins with the id of the event's aggregate. */
  keys(event: Event): readonly Key<Row, Column>[];
  /**
   * The row after the event; undefined deletes it; `row` itself leaves it unwritten. `row` is
   * undefined where there is none yet, and frozen: return a new one.
   */
  fold(row: Row | undefined, event: Event, key: Key<Row, Column>): Row | undefined;
}

/** A fold bound to its event type. Made by {@link on}. */
export interface Handler<Row extends object, Column extends string>
  extends Fold<ViewEvent<Message>, Row, Column>,
    PayloadReader {
  readonly aggregateType: string;
}

/** A field of a message, named as in TypeScript. */
export type FieldOf<Schema extends DescMessage> = Exclude<
  keyof MessageShape<Schema>,
  keyof Message
> &
  string;

/** An event of which these fields of the payload are read. */
export type SeenEvent<Schema extends DescMessage, Field extends FieldOf<Schema>> = ViewEvent<
  Pick<MessageShape<Schema>, Field | keyof Message>
>;

/** What may be said of a reader: which fields it reads. Without it all of them. */
export interface Reading<Field extends string> {
  /**
   * The fields of the payload that are read: no others are there, so that `nova schema diff` can tell
   * whether a change of the type breaks the reader.
   */
  readonly fields?: readonly Field[];
}

/** A view as a service declares it. */
export interface ViewDefinition<Row extends object, Column extends string> {
  /** Name of its table, for example conversation_view. */
  readonly name: string;
  /** Raised whenever a fold's result changes: the view is then rebuilt. */
  readonly version: number;
  /** `views/<view>/table.sql`: one unqualified CREATE TABLE and its indexes. */
  readonly table: URL;
  /** The primary key; its first column is the id of the aggregate. */
  readonly key: readonly Column[];
  readonly handlers: readonly Handler<Row, Column>[];
}

/** A table whose rows are folded from events, each row from exactly one aggregate. */
export interface View<Row extends object = object, Column extends string = string> {
  readonly name: string;
  readonly version: number;
  readonly table: URL;
  readonly key: readonly string[];
  /** The one aggregate type that it is made from. */
  readonly aggregateType: string;
  /** By event type. */
  readonly handlers: ReadonlyMap<string, Handler<Row, Column>>;
}

/**
 * Binds a fold to the event type of a message.
 *
 * @throws PROJECTION_VIEW_INVALID when the message is not the payload of an event type.
 */
export function on<
  Schema extends DescMessage,
  Row extends object,
  Column extends string,
  const Field extends FieldOf<Schema> = FieldOf<Schema>,
>(
  schema: Schema,
  fold: Reading<Field> & Fold<SeenEvent<Schema, NoInfer<Field>>, NoInfer<Row>, NoInfer<Column>>,
): Handler<Row, Column> {
  const eventType = readEventType(schema);
  if (eventType === undefined) throw invalid(schema.typeName, 'the message is no event payload');
  // The runner decodes an event of this type with this schema, so its payload is of this shape.
  const typed = (event: ViewEvent<Message>) => event as SeenEvent<Schema, Field>;
  return {
    eventType: eventType.type,
    aggregateType: eventType.aggregateType,
    schema,
    ...readFields(schema, fold),
    keys: (event) => fold.keys(typed(event)),
    fold: (row, event, key) => fold.fold(row, typed(event), key),
  };
}

/** The fields that a reader names, as they are published. */
export function readFields(
  schema: DescMessage,
  { fields }: Reading<string>,
): Pick<PayloadReader, 'fields'> {
  return fields === undefined ? {} : { fields: fields.map((name) => publishedName(schema, name)) };
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Declares a view: `defineView<Row, 'first_key_column' | 'second'>({ … })`. Rows are plain JSON
 * values (text, finite numbers, booleans, null, lists, maps), one per column.
 *
 * @throws PROJECTION_VIEW_INVALID
 */
export function defineView<Row extends object, Column extends keyof Row & string>(
  definition: ViewDefinition<Row, Column>,
): View<Row, Column> {
  const { name, version, table, key, handlers } = definition;
  if (!NAME.test(name)) throw invalid(name, 'its name is not snake_case');
  if (key.length === 0) throw invalid(name, 'it has no key');
  if (!Number.isInteger(version) || version < 1) throw invalid(name, 'its version is not 1, 2, …');
  const [first] = handlers;
  if (first === undefined) throw invalid(name, 'it has no handler');
  const byType = new Map(handlers.map((handler) => [handler.eventType, handler]));
  if (byType.size !== handlers.length) throw invalid(name, 'an event type has two handlers');
  const { aggregateType } = first;
  if (handlers.some((handler) => handler.aggregateType !== aggregateType)) {
    throw invalid(name, 'its handlers are of several aggregate types');
  }
  return Object.freeze({ name, version, table, key, aggregateType, handlers: byType });
}

/** The event types that a set of views is made from, sorted. */
export function eventTypesOf(views: readonly View[]): readonly string[] {
  return [...new Set(views.flatMap((view) => [...view.handlers.keys()]))].sort();
}

function invalid(view: string, reason: string): NovaError {
  return new NovaError(errors.PROJECTION_VIEW_INVALID, { view, reason });
}
