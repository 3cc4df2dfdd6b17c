import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { View } from '../view.ts';
import type { StoredRow } from '../view-table.ts';

interface Golden {
  readonly version: number;
  readonly rows: readonly StoredRow[];
}

/**
 * Holds the rows that a view makes of recorded events to those that it made before, in
 * `<folder>/<view>.json`. Rows that differ are a problem, unless the view's version was raised (so
 * that consumers rebuild it): then, and where there is no file yet, the rows are written down, which
 * is a problem once: look at them, commit them, run again.
 *
 * @returns what is wrong; undefined when the result is as it was
 */
export function goldenProblem(
  { name, version }: View,
  rows: readonly StoredRow[],
  folder: URL,
): string | undefined {
  const file = new URL(`${name}.json`, folder);
  const golden = read(file);
  const record = () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${JSON.stringify({ version, rows }, undefined, 2)}\n`);
    return `${fileURLToPath(file)} is written: look at it and commit it`;
  };
  if (golden === undefined || version > golden.version) return record();
  if (version < golden.version) return `${name} has version ${version}, after ${golden.version}`;
  const different = differing(golden.rows, rows);
  if (different === undefined) return undefined;
  return `version ${version} of ${name} makes other rows than before; raise the version: ${different}`;
}

function read(file: URL): Golden | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  // Written above.
  return JSON.parse(text) as Golden;
}

/** The first row that differs, before and after. */
function differing(before: readonly StoredRow[], after: readonly StoredRow[]): string | undefined {
  const length = Math.max(before.length, after.length);
  for (let at = 0; at < length; at += 1) {
    const [was, is] = [textOf(before[at]), textOf(after[at])];
    if (was !== is) return `${was} is now ${is}`;
  }
  return undefined;
}

/** Order of columns does not count. */
function textOf(row: StoredRow | undefined): string {
  if (row === undefined) return 'no row';
  return JSON.stringify(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1)));
}
