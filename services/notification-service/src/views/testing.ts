/** For specs: the views of this service in memory, fed with events as the runner feeds them. */
import type { AggregateRows } from '@nova/consumer';
import { acceptPayload, newEventId, readEventType, type StoredEvent } from '@nova/events';
import { decodeEvent, rowName, type ViewEvent } from '@nova/projection';
import { MemoryViews } from '@nova/projection/testing';
import type { DescMessage, JsonObject, Message } from '@nova/proto/runtime';
import { allViews } from './all-views.ts';

/** What a spec says of an event besides its payload. */
export interface Occasion {
  readonly eventId?: string;
  readonly occurredAt?: string;
  readonly storedAt?: string;
}

/** An event as the log holds it and as effects see it. */
export interface Happened {
  readonly stored: StoredEvent;
  readonly event: ViewEvent<Message>;
}

/** When events happen in specs, unless they say otherwise. */
export const NOON = '2026-11-21T12:00:00.000000Z';

/** An event whose payload is accepted as a publisher's is. */
export function happened(
  schema: DescMessage,
  aggregateId: string,
  payload: JsonObject,
  { eventId = newEventId(), occurredAt = NOON, storedAt = NOON }: Occasion = {},
): Happened {
  const eventType = readEventType(schema);
  if (eventType === undefined) throw new TypeError(`${schema.typeName} is no event payload`);
  const accepted = acceptPayload(eventType, { aggregateId, payload });
  if (!accepted.ok) throw new TypeError(JSON.stringify(accepted.violations));
  const stored: StoredEvent = {
    position: { epoch: 'spec', position: 1n },
    eventId,
    eventType: eventType.type,
    schemaVersion: 1,
    aggregateType: eventType.aggregateType,
    aggregateId: accepted.aggregateId,
    aggregateVersion: 1n,
    typeSequence: 1n,
    previous: {},
    lane: 0,
    payload: accepted.payload,
    source: '/nova/spec',
    occurredAt,
    storedAt,
    annotations: {},
  };
  return { stored, event: decodeEvent(stored, { schema }) };
}

/** All views of this service, empty at first. */
export class OwnViews {
  readonly #memory = new MemoryViews(allViews);
  readonly row = this.#memory.row.bind(this.#memory);

  /** Applies an event and tells what its effects may look at: the rows that it names, no other. */
  apply({ stored }: Happened): AggregateRows {
    const steps = this.#memory.applyOne(stored);
    const find = (view: { readonly name: string }, key: object) =>
      steps.find(
        ({ name: { table, text } }) =>
          table.view.name === view.name && text === rowName(table, key).text,
      );
    return {
      // The row was written by this view's folds, or is of the type they declare.
      before: (view, key) => find(view, key)?.before as never,
      after: (view, key) => find(view, key)?.after as never,
    };
  }
}
