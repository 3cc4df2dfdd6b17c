import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.ts';

const NAMED = /`([\w./-]+\.spec\.ts)`:\s+((?:\*[^*]+\*(?:,\s+)?)+)/g;

/** Tests that a text names, as `path`: *title*, and further titles of the same file behind commas. */
function namedTests(text: string): { readonly path: string; readonly title: string }[] {
  return [...text.matchAll(NAMED)].flatMap(([, path = '', titles = '']) =>
    [...titles.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => ({
      path,
      title: title.replaceAll(/\s+/g, ' '),
    })),
  );
}

/** Whether `text` names any test. */
export function isTest(text: string): boolean {
  return namedTests(text).length > 0;
}

/** Tests that a text names and that are not there, as `path: title`. */
export function missingTests(text: string): string[] {
  return namedTests(text)
    .filter(({ path, title }) => !hasTest(path, title))
    .map(({ path, title }) => `${path}: ${title}`);
}

function hasTest(path: string, title: string): boolean {
  const file = join(root, path);
  if (!existsSync(file)) return false;
  const text = readFileSync(file, 'utf8');
  const quoted = title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // `it('…'`, and the title of a table of cases: `it.each(…)('…'`.
  return new RegExp(`(?:\\bit\\(|\\)\\(|\\]\\)\\()\\s*'${quoted}'`).test(text);
}
