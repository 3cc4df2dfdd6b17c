import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A statement that lives in a file of its own. */
export interface SqlFile {
  /** The file's name without `.sql`. */
  readonly name: string;
  readonly text: string;
}

/** A statement; values are always parameters (`$1`), never part of the text. */
export type Sql = string | SqlFile;

/** Reads a `.sql` file once, when the module that names it is loaded. */
export function loadSql(url: URL): SqlFile {
  const path = fileURLToPath(url);
  return Object.freeze({ name: basename(path, '.sql'), text: readFileSync(path, 'utf8') });
}

/** The text of a statement. */
export function textOf(sql: Sql): string {
  return typeof sql === 'string' ? sql : sql.text;
}
