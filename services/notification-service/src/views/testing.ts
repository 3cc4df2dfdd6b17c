/** For specs: the views of this service in memory, fed with events as the runner feeds them. */
import { readFileSync } from 'node:fs';
import type { AggregateRows } from '@nova/consumer';
import { acceptPayload, newEventId, readEventType, type StoredEvent } from '@nova/events';
import {
  applyEvent,
  decodeEvent,
  planEvent,
  RowSet,
  rowName,
  type View,
  type ViewEvent,
  type ViewTable,
} from '@nova/projection';
import type { DescMessage, JsonObject, Message } from '@nova/proto/runtime';
import { allViews } from './all-views.ts';

/** What a spec says of an event besides its payload. */
export interface Occasion {
  readonly eventId?: string;
  readonly occurredAt?: string;
  readonly storedAt?: string;
}

/** When events happen in specs, unless they say otherwise. */
export const NOON = '2026-11-21T12:00:00.000000Z';

/** An event as the log would hold it: its payload is accepted as a publisher's is. */
export function happened(
  schema: DescMessage,
  aggregateId: string,
  payload: JsonObject,
  { eventId = newEventId(), occurredAt = NOON, storedAt = NOON }: Occasion = {},
): ViewEvent<Message> {
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
  return decodeEvent(stored, schema);
}

/** The columns that a table.sql declares, without its database. */
function tableOf(view: View): ViewTable {
  const text = readFileSync(view.table, 'utf8');
  const columns = [...text.matchAll(/^ {2}([a-z_]+) +(?:text|jsonb|bigint)/gm)].map(
    ([, name]) => name,
  );
  const sql = { read: '', write: '', remove: '', removeAggregates: '' };
  return { view, columns: columns.filter((name) => name !== undefined), sql };
}

/** All views of this service, empty at first. */
export class MemoryViews {
  readonly #tables = allViews.map(tableOf);
  readonly #rows = new RowSet();

  /** Applies an event and tells what its effects may look at. */
  apply(event: ViewEvent<Message>): AggregateRows {
    const steps = applyEvent(this.#rows, planEvent(this.#tables, event));
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

  /** A row as the table would give it back. */
  get(view: View, key: object): unknown {
    const table = this.#tables.find((one) => one.view.name === view.name);
    return table && this.#rows.get(rowName(table, key));
  }
}
