import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './source-files.ts';

const documents = globSync(
  ['*.md', 'docs/*.md', 'docs/{adr,runbooks}/*.md', '{libs,services}/*/README.md'],
  {
    cwd: root,
  },
).sort();

const TOP = '(?:\\.ci|bench|cli|deploy|docs|examples|libs|patches|proto|samples|services|tools)';
const PATH = new RegExp(`\`(${TOP}/[\\w./@<>*{},-]+)\``, 'g');
const LINK = /\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g;

/** Paths in backticks and targets of relative links in `text` that do not exist. */
function missing(document: string, text: string): string[] {
  const named = [...text.matchAll(PATH)].map((match) => match[1] ?? '');
  const linked = [...text.matchAll(LINK)].map((match) =>
    normalize(join(dirname(document), match[1] ?? '')),
  );
  return [...named.filter((path) => !/[<>*]/.test(path)).flatMap(alternatives), ...linked].filter(
    (path) => !existsSync(join(root, path)),
  );
}

/** `a/{b,c}.ts` → `a/b.ts`, `a/c.ts`. */
function alternatives(path: string): string[] {
  const braces = /^(.*)\{(.*)\}(.*)$/.exec(path);
  if (braces === null) return [path];
  return (braces[2] ?? '').split(',').map((choice) => `${braces[1]}${choice}${braces[3]}`);
}

describe('the documents', () => {
  it.each(documents)('name in %s only paths that exist', (document) => {
    expect(missing(document, readFileSync(join(root, document), 'utf8'))).toEqual([]);
  });

  it.each([
    ['docs/write-a-service.md', 'examples/activity-counter', 3],
    ['docs/use-in-your-service.md', 'examples/orders', 1],
  ])('quote in %s only what is in %s', (document, example, least) => {
    const text = readFileSync(join(root, document), 'utf8');
    const quotes = [...text.matchAll(/^```(?:ts|sql)\n([\s\S]*?)^```/gm)].map(
      ([, quote = '']) => quote,
    );
    const sources = globSync(`${example}/src/**/*.{ts,sql}`, { cwd: root }).map((file) =>
      readFileSync(join(root, file), 'utf8'),
    );
    expect(quotes.length).toBeGreaterThanOrEqual(least);
    expect(quotes.filter((quote) => !sources.some((source) => source.includes(quote)))).toEqual([]);
  });

  it('would be caught naming one that does not', () => {
    const text = 'See `libs/nothing/src/{a,b}.ts` and [this](gone.md), not `libs/<lib>/src`.';
    expect(missing('docs/x.md', text)).toEqual([
      'libs/nothing/src/a.ts',
      'libs/nothing/src/b.ts',
      'docs/gone.md',
    ]);
  });
});
