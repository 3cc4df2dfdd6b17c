import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { missingTests, namedTests } from './named-tests.ts';
import { root } from './source-files.ts';

const documents = globSync(['*.md', 'docs/**/*.md', '{libs,services}/*/README.md'], { cwd: root })
  .filter((file) => namedTests(readFileSync(join(root, file), 'utf8')).length > 0)
  .sort();
const here = 'tools/named-tests.unit.spec.ts';

describe('the documents', () => {
  it.each(documents)('name in %s only tests that exist, by their titles', (document) => {
    expect(missingTests(readFileSync(join(root, document), 'utf8'))).toEqual([]);
  });

  it('are found where they name tests', () => {
    expect(documents).toEqual(expect.arrayContaining(['docs/guarantees.md', 'docs/pitfalls.md']));
  });
});

describe('docs/pitfalls.md', () => {
  it('names a test in every row, or says why there is none', () => {
    const lines = readFileSync(join(root, 'docs/pitfalls.md'), 'utf8').split('\n');
    const rows = lines.filter(
      (line, index) => /^\| /.test(line) && !/^\|--/.test(lines[index + 1] ?? ''),
    );
    expect(rows.length).toBeGreaterThan(25);
    const named = (row: string) => namedTests(row).length > 0 || / no test: /.test(row);
    expect(rows.filter((row) => !named(row))).toEqual([]);
  });
});

describe('a test that a document names', () => {
  it('is missed when its file or its title is not there', () => {
    const text = `\`${here}\`: *does nothing*, \`tools/gone.unit.spec.ts\`: *is gone*, \`${here}\`: *documents*`;
    expect(missingTests(text)).toEqual([
      { path: here, title: 'does nothing' },
      { path: 'tools/gone.unit.spec.ts', title: 'is gone' },
      { path: here, title: 'documents' },
    ]);
  });

  it('is found, also with cases, behind another one, or over several lines', () => {
    const text = `\`${here}\`: *are found where they name tests* and
      *name in %s only tests that exist, by their titles*; \`libs/kafka/src/publisher.int.spec.ts\`: *is told offsets that rise, of the partition that was meant*`;
    expect(namedTests(text).map(({ title }) => title)).toHaveLength(3);
    expect(missingTests(text)).toEqual([]);
  });
});
