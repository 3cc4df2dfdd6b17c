import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A statement that lives in a file of its own. */
export interface SqlFile {
  /** The file's name without `.sql`. */
  readonly name: string;
  readonly text: string;
}

/** A statement that every connection parses once; see {@link prepared}. */
export interface PreparedSql extends SqlFile {
  readonly isPrepared: true;
}

/** A statement; values are always parameters (`$1`), never part of the text. */
export type Sql = string | SqlFile | PreparedSql;

/**
 * A statement that is run again and again: each connection parses it once. It also plans it once
 * where it finds that plans do not depend on the values, and keeps that plan while the table grows:
 * `plan_cache_mode` of the transaction says otherwise. Only for texts of a fixed number, whose result
 * has always the same columns; unqualified names may mean other tables in another search_path.
 */
export function prepared(sql: string | SqlFile): PreparedSql {
  const text = textOf(sql);
  const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return Object.freeze({ name, text, isPrepared: true });
}

/** Reads a `.sql` file once, when the module that names it is loaded. */
export function loadSql(url: URL): SqlFile {
  const path = fileURLToPath(url);
  return Object.freeze({ name: basename(path, '.sql'), text: readFileSync(path, 'utf8') });
}

/** The name under which connections keep a statement; undefined for one that they do not. */
export function preparedName(sql: Sql): string | undefined {
  return typeof sql !== 'string' && 'isPrepared' in sql ? sql.name : undefined;
}

/** The text of a statement. */
export function textOf(sql: Sql): string {
  return typeof sql === 'string' ? sql : sql.text;
}
