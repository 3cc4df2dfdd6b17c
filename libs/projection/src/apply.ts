import { NovaError } from '@nova/errors';
import type { Message } from '@nova/proto/runtime';
import { errors } from './errors.ts';
import { normalise, type RowName, type RowSet, rowName } from './row-set.ts';
import type { Handler } from './view.ts';
import type { ViewEvent } from './view-event.ts';
import type { StoredRow, ViewTable } from './view-table.ts';

/** An event with the rows that it concerns. */
export interface PlannedEvent {
  readonly event: ViewEvent<Message>;
  readonly touches: readonly Touch[];
}

interface Touch {
  readonly handler: Handler<object, string>;
  readonly name: RowName;
}

/** What an event did to one row. */
export interface RowStep {
  readonly name: RowName;
  readonly before: StoredRow | undefined;
  readonly after: StoredRow | undefined;
}

/**
 * Finds the rows that an event concerns, so that a round's rows can be read together.
 *
 * @throws PROJECTION_KEY_FOREIGN, PROJECTION_ROW_INVALID, or what a handler throws.
 */
export function planEvent(tables: readonly ViewTable[], event: ViewEvent<Message>): PlannedEvent {
  const touches: Touch[] = [];
  for (const table of tables) {
    const handler = table.view.handlers.get(event.eventType);
    if (handler === undefined) continue;
    const seen = new Set<string>();
    for (const key of handler.keys(event)) {
      const name = rowName(table, key);
      const [aggregate = ''] = table.view.key;
      if (name.key[aggregate] !== event.aggregateId) {
        throw new NovaError(errors.PROJECTION_KEY_FOREIGN, { view: table.view.name });
      }
      if (!seen.has(name.text)) touches.push({ handler, name });
      seen.add(name.text);
    }
  }
  return { event, touches };
}

/**
 * Folds an event into the rows, all of its rows or, when a handler throws, none.
 *
 * @throws what a handler throws, PROJECTION_ROW_INVALID
 */
export function applyEvent(rows: RowSet, { event, touches }: PlannedEvent): readonly RowStep[] {
  const steps = touches.map(({ handler, name }): RowStep => {
    const before = rows.get(name);
    // The row was written by this view's folds, or is of the type they declare.
    const folded = handler.fold(before, event, name.key as never);
    if (folded === undefined || folded === before) {
      return { name, before, after: folded === undefined ? undefined : before };
    }
    return { name, before, after: normalise(name.table, name, folded) };
  });
  for (const { name, after } of steps) rows.set(name, after);
  return steps;
}
