import { NovaError } from '@nova/errors';
import { prepared, type Queryable, type Sql } from '@nova/postgres';
import type { JsonValue } from '@nova/proto/runtime';
import { errors } from './errors.ts';
import type { View } from './view.ts';

/** A row as the store holds it: one JSON value per column. */
export type StoredRow = Readonly<Record<string, JsonValue>>;

/** A column of a view's table. */
export interface Column {
  readonly name: string;
  /** As PostgreSQL names it. */
  readonly type: string;
}

/** A view with its table as it is in the generation's schema. */
export interface ViewTable {
  readonly view: View;
  /** Columns that folds write; generated ones are the table's own business. */
  readonly columns: readonly Column[];
  /** Statements over it; each takes a JSON list of rows or keys as $1. */
  readonly sql: {
    readonly read: Sql;
    readonly write: Sql;
    /** For rows that are not there yet, as {@link copyLine} writes them. */
    readonly copy: string;
    readonly remove: Sql;
    /** $1 = aggregate ids. */
    readonly removeAggregates: string;
  };
}

// What comes back from these is what a fold wrote. A timestamptz would come back in another form,
// numeric with another precision: times are RFC 3339 texts, which sort by time.
const COLUMN_TYPES = new Set([
  'text',
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'double precision',
  'jsonb',
  'uuid',
  'text[]',
  'integer[]',
  'bigint[]',
  'uuid[]',
]);

interface ColumnRow extends Column {
  readonly generated: boolean;
  readonly in_key: boolean;
}

/**
 * Looks at the table of a view in the present search_path.
 *
 * @throws PROJECTION_VIEW_INVALID when table.sql does not fit the view.
 */
export async function describeTable(tx: Queryable, view: View): Promise<ViewTable> {
  const columns = await tx.query<ColumnRow>(
    `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attgenerated <> '' AS generated,
            coalesce(a.attnum = ANY (i.indkey), false) AS in_key
     FROM pg_attribute AS a
     LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum`,
    [quoted(view.name)],
  );
  const fault = faultOf(view, columns);
  if (fault !== undefined) {
    throw new NovaError(errors.PROJECTION_VIEW_INVALID, { view: view.name, reason: fault });
  }
  const own = columns
    .filter(({ generated }) => !generated)
    .map(({ name, type }) => ({ name, type }));
  const names = own.map(({ name }) => name);
  return { view, columns: own, sql: statements(view, names) };
}

function faultOf(view: View, columns: readonly ColumnRow[]): string | undefined {
  if (columns.length === 0) return `table.sql makes no table ${view.name}`;
  const primary = columns.filter(({ in_key }) => in_key).map(({ name }) => name);
  if (primary.length !== view.key.length || view.key.some((name) => !primary.includes(name))) {
    return `its primary key is (${primary.join(', ')}), not (${view.key.join(', ')})`;
  }
  const strange = columns.find(({ generated, type }) => !generated && !COLUMN_TYPES.has(type));
  return strange === undefined
    ? undefined
    : `column ${strange.name} is ${strange.type}; use one of ${[...COLUMN_TYPES].join(', ')}`;
}

function statements(view: View, columns: readonly string[]): ViewTable['sql'] {
  const table = quoted(view.name);
  const list = columns.map(quoted).join(', ');
  const given = `jsonb_populate_recordset(NULL::${table}, $1::jsonb) AS given`;
  const sameKey = view.key.map((name) => `t.${quoted(name)} = given.${quoted(name)}`).join(' AND ');
  const updates = columns
    .filter((name) => !view.key.includes(name))
    .map((name) => `${quoted(name)} = excluded.${quoted(name)}`);
  const onConflict = updates.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${updates.join(', ')}`;
  const [aggregate = ''] = view.key;
  return {
    read: prepared(`SELECT to_jsonb(r) AS row FROM (
             SELECT ${columns.map((name) => `t.${quoted(name)}`).join(', ')}
             FROM ${given} JOIN ${table} AS t ON ${sameKey}) AS r`),
    write: prepared(`INSERT INTO ${table} (${list}) SELECT ${list} FROM ${given}
            ON CONFLICT (${view.key.map(quoted).join(', ')}) ${onConflict}`),
    copy: `COPY ${table} (${list}) FROM STDIN`,
    remove: prepared(`DELETE FROM ${table} AS t USING ${given} WHERE ${sameKey}`),
    removeAggregates: `DELETE FROM ${table} WHERE ${quoted(aggregate)}::text = ANY ($1::text[])`,
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
