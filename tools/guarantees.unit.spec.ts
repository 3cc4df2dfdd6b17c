import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isTest } from './named-tests.ts';
import { root } from './source-files.ts';

describe('docs/guarantees.md', () => {
  const text = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| (?!Promise)[^-]/.test(line));

  it('names a test for every promise', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => !isTest(row))).toEqual([]);
  });
});
