import { catalogue, derivedId, type StoredEvent } from '@nova/events';
import { samplePayloads } from '@nova/events/testing';
import type { DescMessage, Message } from '@nova/proto/runtime';
import { type PayloadReader, publishedName } from '../payload-form.ts';
import type { Handler, View } from '../view.ts';
import type { ViewEvent } from '../view-event.ts';
import { MemoryViews } from './memory-views.ts';
import { recorded } from './recorded-events.ts';

const SAMPLES = 40;

/** An event that notes which fields of its payload are read. */
interface WatchedPayload {
  readonly event: ViewEvent<Message>;
  /** As they are published. */
  readonly read: ReadonlySet<string>;
}

/** Lets the payload of an event note what is read of it; whoever enumerates it reads everything. */
export function watchPayload(
  event: ViewEvent<Message>,
  schema: DescMessage,
  read: Set<string> = new Set(),
): WatchedPayload {
  const note = (name: string | symbol) => {
    if (typeof name === 'string' && name in schema.field) read.add(publishedName(schema, name));
  };
  const payload = new Proxy(event.payload, {
    get(target, name) {
      note(name);
      return Reflect.get(target, name) as unknown;
    },
    has(target, name) {
      note(name);
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      for (const { localName } of schema.fields) note(localName);
      return Reflect.ownKeys(target);
    },
  });
  return { event: { ...event, payload }, read };
}

/** Events of these types with payloads of all kinds, each the first of an aggregate of its own. */
function sampleEvents(eventTypes: Iterable<string>): readonly StoredEvent[] {
  return [...eventTypes].flatMap((name) => {
    const eventType = catalogue.get(name);
    if (eventType === undefined) throw new TypeError(`no type ${name}`);
    const isDerived = eventType.keyRule.kind === 'derived';
    return samplePayloads(eventType, SAMPLES).flatMap((payload, index) => {
      const aggregate_id = isDerived ? '' : derivedId(`sample:${name}:${index}`);
      return recorded([{ event_type: name, aggregate_id, payload }]);
    });
  });
}

/**
 * Folds these events and {@link sampleEvents} behind payloads that note what is read, and holds that
 * to what the view declares.
 *
 * @returns every field that is read and not declared, or declared and never read
 */
export function fieldProblems(view: View, events: readonly StoredEvent[]): readonly string[] {
  const read = new Map<string, Set<string>>();
  const handlers = new Map(
    [...view.handlers].map(([type, handler]) => {
      const seen = new Set<string>();
      read.set(type, seen);
      return [type, watched(handler, seen)] as const;
    }),
  );
  const copy: View = { ...view, handlers };
  new MemoryViews([copy]).apply(events);
  // Their first events, as often as there are rows to fold onto, and where there are none.
  for (const event of sampleEvents(handlers.keys())) {
    new MemoryViews([copy]).apply([event, event]);
  }
  return [...view.handlers.values()].flatMap((handler) =>
    differences(view.name, handler, read.get(handler.eventType) ?? new Set()),
  );
}

/** What a reader declares against what it reads. */
export function differences(
  reader: string,
  { eventType, fields }: Pick<PayloadReader, 'eventType' | 'fields'>,
  read: ReadonlySet<string>,
): readonly string[] {
  if (fields === undefined) return [`${reader} does not say what it reads of ${eventType}`];
  return [
    ...[...read].filter((name) => !fields.includes(name)).map((name) => `reads ${name}`),
    ...fields.filter((name) => !read.has(name)).map((name) => `never reads ${name}`),
  ].map((problem) => `${reader} ${problem} of ${eventType}, and says otherwise`);
}

function watched(
  { fields: _, ...handler }: Handler<object, string>,
  read: Set<string>,
): Handler<object, string> {
  const watch = (event: ViewEvent<Message>) => watchPayload(event, handler.schema, read).event;
  return {
    ...handler,
    keys: (event) => handler.keys(watch(event)),
    fold: (row, event, key) => handler.fold(row, watch(event), key),
  };
}
