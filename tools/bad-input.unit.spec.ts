import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isTest } from './named-tests.ts';
import { root } from './source-files.ts';

const [, section = ''] = readFileSync(join(root, 'docs/security.md'), 'utf8').split(
  '## What a caller may send',
);
const [table = ''] = section.split('\n## ');
const rows = table.split('\n').filter((line) => /^\| (?!Sent)[^-]/.test(line));

/** Cases in quotes behind the tests of a row, as `path: case`, that are not in their file. */
function missingCases(row: string): string[] {
  return [...row.matchAll(/`([\w./-]+\.spec\.ts)`:([^;|]*)/g)].flatMap(
    ([, path = '', tests = '']) => {
      const file = join(root, path);
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return [...tests.matchAll(/"([^"]+)"/g)]
        .map(([, name = '']) => name)
        .filter((name) => !text.includes(`'${name}'`))
        .map((name) => `${path}: ${name}`);
    },
  );
}

describe('the table of what a caller may send', () => {
  it('names for each row the code and a test', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40);
    expect(rows.filter((row) => row.split(' | ').length !== 3 || !isTest(row))).toEqual([]);
  });

  it('names only cases that its tests have', () => {
    expect(rows.flatMap(missingCases)).toEqual([]);
  });

  it('would be caught naming a case that does not exist', () => {
    const here = 'tools/bad-input.unit.spec.ts';
    const title = 'names for each row the code and a test';
    expect(missingCases(`| x | y | \`${here}\`: *${title}* ("no ${'such'} case") |`)).toEqual([
      `${here}: no such case`,
    ]);
  });
});
