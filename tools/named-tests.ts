import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.ts';

/** A test as a document names it: `` `path.spec.ts`: *title* ``, and further titles of the same file after it. */
export interface NamedTest {
  /** From the root. */
  readonly path: string;
  /** As the spec has it, `%s` and all. */
  readonly title: string;
}

const NAMED = /`([\w./-]+\.spec\.ts)`:((?:\s*(?:,|and)?\s*\*[^*]+\*)+)/g;

/** The tests that a text in Markdown names. */
export function namedTests(text: string): NamedTest[] {
  return [...text.matchAll(NAMED)].flatMap(([, path = '', titles = '']) =>
    [...titles.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => ({
      path,
      title: title.replaceAll(/\s+/g, ' '),
    })),
  );
}

/** Whether a text names any test. */
export function isTest(text: string): boolean {
  return namedTests(text).length > 0;
}

/** Those of them that are not there: no such file, or no test of this title in it. */
export function missingTests(text: string): NamedTest[] {
  return namedTests(text).filter(({ path, title }) => {
    const file = join(root, path);
    return !existsSync(file) || !titleIn(title).test(readFileSync(file, 'utf8'));
  });
}

/** The title where a test begins: `it('…'`, `each('…'`, or behind the cases of `it.each([…])('…'`. */
function titleIn(title: string): RegExp {
  const quoted = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll("'", "\\\\?'");
  return new RegExp(`(?:\\bit|\\beach|\\))\\(\\s*(['"\`])${quoted}\\1`);
}
