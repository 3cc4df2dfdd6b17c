import { readFileSync } from 'node:fs';
import type { StoredEvent } from '@nova/events';
import { applyEvent, planEvent, type RowStep } from '../apply.ts';
import { decodeEvent } from '../decode-event.ts';
import { type PayloadForm, payloadFormsOf } from '../payload-form.ts';
import { type RowName, RowSet, rowName } from '../row-set.ts';
import type { Key, View } from '../view.ts';
import type { StoredRow, ViewTable } from '../view-table.ts';

// A column of a table.sql: its name begins the line, its type follows.
const COLUMN = /^\s+"?([a-z][a-z0-9_]*)"?\s+[a-z]/;
const NO_COLUMN = new Set(['primary', 'unique', 'check', 'constraint', 'foreign', 'exclude']);

/** Views whose rows are in memory, folded with the code that consumers use. */
export class MemoryViews {
  readonly #tables: ReadonlyMap<View, ViewTable>;
  readonly #forms: ReadonlyMap<string, PayloadForm>;
  readonly #rows = new RowSet();
  readonly #names = new Map<View, Map<string, RowName>>();

  constructor(views: readonly View[]) {
    this.#tables = new Map(views.map((view) => [view, tableOf(view)]));
    this.#forms = payloadFormsOf(views.flatMap(({ handlers }) => [...handlers.values()]));
    for (const view of views) this.#names.set(view, new Map());
  }

  /** Folds events in the order given; those that no view handles are passed over. */
  apply(events: readonly StoredEvent[]): this {
    for (const event of events) this.applyOne(event);
    return this;
  }

  /** Folds one event and tells what became of the rows that it names, as effects see it. */
  applyOne(event: StoredEvent): readonly RowStep[] {
    const form = this.#forms.get(event.eventType);
    if (form === undefined) return [];
    const plan = planEvent([...this.#tables.values()], decodeEvent(event, form));
    for (const { name } of plan.touches) {
      this.#names.get(name.table.view)?.set(name.text, name);
    }
    return applyEvent(this.#rows, plan);
  }

  /** A row as a database would give it back. */
  row<Row extends object, Column extends string>(
    view: View<Row, Column>,
    key: Key<Row, Column>,
  ): Row | undefined {
    // Folds of this view wrote it, and are typed.
    return this.#rows.get(rowName(this.#tableOf(view), key)) as Row | undefined;
  }

  /** All rows of a view, by key. */
  rows(view: View): readonly StoredRow[] {
    const names = [...(this.#names.get(view)?.entries() ?? [])];
    names.sort(([one], [other]) => (one < other ? -1 : 1));
    return names.flatMap(([, name]) => {
      const row = this.#rows.get(name);
      return row === undefined ? [] : [row];
    });
  }

  #tableOf(view: View): ViewTable {
    const table = this.#tables.get(view);
    if (table === undefined) throw new TypeError(`${view.name} is none of these views`);
    return table;
  }
}

/** What `describeTable` finds out in a database, as far as folds need it. */
function tableOf(view: View): ViewTable {
  const [body = ''] = /\(\n[\s\S]*?\n\);/.exec(readFileSync(view.table, 'utf8')) ?? [];
  const columns = body.split('\n').flatMap((line) => {
    const name = COLUMN.exec(line)?.[1];
    const isColumn = name !== undefined && !NO_COLUMN.has(name) && !/ generated /i.test(line);
    // Nothing is written to it: its type does not matter.
    return isColumn ? [{ name, type: 'text' }] : [];
  });
  const sql = { read: '', write: '', copy: '', remove: '', removeAggregates: '' };
  return { view, columns, sql };
}
