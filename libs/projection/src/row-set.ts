import { NovaError } from '@nova/errors';
import type { BulkTransaction, Queryable } from '@nova/postgres';
import type { JsonValue } from '@nova/proto/runtime';
import { copyLine } from './copy-line.ts';
import { errors } from './errors.ts';
import type { StoredRow, ViewTable } from './view-table.ts';

/** Fewer are not worth a statement of their own. */
const FEWEST_COPIED = 20;

/** Names a row of a view within a round. */
export interface RowName {
  readonly table: ViewTable;
  /** The key columns and their values. */
  readonly key: StoredRow;
  /** The key's values as JSON text. */
  readonly text: string;
}

/** A row that a round has made, changed or removed. */
export interface RowChange {
  readonly view: string;
  readonly key: StoredRow;
  readonly before: StoredRow | undefined;
  readonly after: StoredRow | undefined;
}

interface Slot {
  readonly key: StoredRow;
  stored: StoredRow | undefined;
  now: StoredRow | undefined;
}

/**
 * The rows of a round: read once per view, changed in memory, written with one upsert and one
 * delete per view.
 *
 *   want() … → load() → get() / set() … → save()
 */
export class RowSet {
  readonly #slots = new Map<ViewTable, Map<string, Slot>>();

  /** Asks for a row to be there after the next {@link load}. */
  want({ table, key, text }: RowName): void {
    const slots = this.#slotsOf(table);
    if (!slots.has(text)) slots.set(text, { key, stored: undefined, now: undefined });
  }

  /** Reads the wanted rows in one query per view, all at once. */
  async load(tx: Queryable): Promise<void> {
    await Promise.all([...this.#slots].map(([table, slots]) => loadSlots(tx, table, slots)));
  }

  /** Whether the row was asked for, or set. */
  has({ table, text }: RowName): boolean {
    return this.#slots.get(table)?.has(text) ?? false;
  }

  get({ table, text }: RowName): StoredRow | undefined {
    return this.#slots.get(table)?.get(text)?.now;
  }

  set({ table, key, text }: RowName, row: StoredRow | undefined): void {
    const slots = this.#slotsOf(table);
    const slot = slots.get(text) ?? { key, stored: undefined, now: undefined };
    slot.now = row;
    slots.set(text, slot);
  }

  /** Takes a row as gone from its table: whoever calls this has deleted it. */
  forget({ table, text }: RowName): void {
    const slot = this.#slots.get(table)?.get(text);
    if (slot === undefined) return;
    slot.stored = undefined;
    slot.now = undefined;
  }

  /** What {@link save} writes: rows as they were and as they are; undefined = not there. */
  changes(): readonly RowChange[] {
    return [...this.#slots].flatMap(([table, slots]) =>
      changedSlots(slots).map(({ key, stored, now }) => ({
        view: table.view.name,
        key,
        before: stored,
        after: now,
      })),
    );
  }

  /** Writes what has changed, all at once; many new rows are copied in where that can be. */
  async save(tx: Queryable | BulkTransaction): Promise<void> {
    await Promise.all([...this.#slots].map(([table, slots]) => saveSlots(tx, table, slots)));
  }

  #slotsOf(table: ViewTable): Map<string, Slot> {
    const known = this.#slots.get(table);
    if (known !== undefined) return known;
    const made = new Map<string, Slot>();
    this.#slots.set(table, made);
    return made;
  }
}

async function loadSlots(
  tx: Queryable,
  table: ViewTable,
  slots: ReadonlyMap<string, Slot>,
): Promise<void> {
  const keys = [...slots.values()].map(({ key }) => key);
  const rows = await tx.query<{ row: StoredRow }>(table.sql.read, [JSON.stringify(keys)]);
  for (const { row } of rows) {
    const slot = slots.get(keyText(table, row));
    if (slot === undefined) continue;
    slot.stored = Object.freeze(row);
    slot.now = slot.stored;
  }
}

function changedSlots(slots: ReadonlyMap<string, Slot>): readonly Slot[] {
  return [...slots.values()].filter(({ stored, now }) => stored !== now);
}

async function saveSlots(
  tx: Queryable | BulkTransaction,
  table: ViewTable,
  slots: ReadonlyMap<string, Slot>,
): Promise<void> {
  const changed = changedSlots(slots);
  const removed = changed.filter(({ now }) => now === undefined).map(({ key }) => key);
  const { lines, written } =
    'copyIn' in tx ? divided(table, changed) : { lines: [], written: rowsOf(changed) };
  await Promise.all([
    'copyIn' in tx && lines.length > 0 ? tx.copyIn(table.sql.copy, lines.join('')) : undefined,
    written.length > 0 ? tx.query(table.sql.write, [JSON.stringify(written)]) : undefined,
    removed.length > 0 ? tx.query(table.sql.remove, [JSON.stringify(removed)]) : undefined,
  ]);
}

function rowsOf(slots: readonly Slot[]): readonly StoredRow[] {
  return slots.flatMap(({ now }) => (now === undefined ? [] : [now]));
}

/** New rows as lines to be copied in; the others, and those that are not worth it, to be written. */
function divided(
  table: ViewTable,
  changed: readonly Slot[],
): { readonly lines: readonly string[]; readonly written: readonly StoredRow[] } {
  const lines: string[] = [];
  const written: StoredRow[] = [];
  for (const { stored, now } of changed) {
    if (now === undefined) continue;
    const line = stored === undefined ? copyLine(table.columns, now) : undefined;
    if (line === undefined) written.push(now);
    else lines.push(line);
  }
  return lines.length < FEWEST_COPIED
    ? { lines: [], written: rowsOf(changed) }
    : { lines, written };
}

/**
 * Names the row with this key.
 *
 * @throws PROJECTION_ROW_INVALID when a key column has no value.
 */
export function rowName(table: ViewTable, given: object): RowName {
  // Key types are checked where the view is declared; here they are values by column name.
  const values = given as Readonly<Record<string, JsonValue | undefined>>;
  const key: Record<string, JsonValue> = {};
  for (const column of table.view.key) {
    const value = values[column];
    if (value === undefined || value === null)
      throw invalid(table, `key column ${column} is empty`);
    key[column] = value;
  }
  return { table, key, text: keyText(table, key) };
}

/**
 * What the table will give back for a row that a fold returned: every column, null where nothing is
 * given, only JSON values. So a row read again equals the row kept in memory.
 *
 * @throws PROJECTION_ROW_INVALID
 */
export function normalise(table: ViewTable, name: RowName, given: object): StoredRow {
  const row: Record<string, JsonValue> = {};
  for (const { name: column } of table.columns) row[column] = null;
  for (const [column, value] of Object.entries(given)) {
    if (!(column in row)) throw invalid(table, `there is no column ${column}`);
    row[column] = jsonOf(table, column, value);
  }
  if (keyText(table, row) !== name.text) throw invalid(table, 'the key is another one');
  return Object.freeze(row);
}

function jsonOf(table: ViewTable, column: string, value: unknown): JsonValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value) || isPlain(value)) {
    // A copy without undefined fields, as jsonb will return it; what JSON cannot hold throws.
    return JSON.parse(JSON.stringify(value)) as JsonValue;
  }
  throw invalid(table, `column ${column} is given ${describe(value)}`);
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

function describe(value: unknown): string {
  return typeof value === 'bigint' ? 'a bigint; use Number()' : `a ${typeof value} that JSON lacks`;
}

function keyText(table: ViewTable, row: StoredRow): string {
  return JSON.stringify(table.view.key.map((column) => row[column]));
}

function invalid(table: ViewTable, reason: string): NovaError {
  return new NovaError(errors.PROJECTION_ROW_INVALID, { view: table.view.name, reason });
}
