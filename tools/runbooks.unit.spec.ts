import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { metricNames } from '@nova/telemetry';
import { isTest } from './named-tests.ts';
import { root } from './source-files.ts';

const FOLDER = 'docs/runbooks';
const ALARM_PARTS = ['Alarm', 'What it means', 'Look', 'Do', 'Verify'];
const TASK_PARTS = ['When'];

const pages = new Map(
  globSync('*.md', { cwd: join(root, FOLDER) })
    .filter((file) => file !== 'README.md')
    .map((file) => [file, readFileSync(join(root, FOLDER, file), 'utf8')]),
);
const index = readFileSync(join(root, FOLDER, 'README.md'), 'utf8');

/** Rows of a table of the index, by its first heading, each as its cells. */
function rowsOf(text: string, heading: string): string[][] {
  const [, table = ''] = text.split(`| ${heading} |`);
  const [lines = ''] = table.split('\n\n');
  return lines
    .split('\n')
    .slice(2)
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));
}

/** Pages that the last cell of `row` links. */
function linked(row: readonly string[]): string[] {
  return [...(row.at(-1) ?? '').matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, page = '']) => page);
}

/** Alarms of an index whose row names no page that is there. */
function withoutPage(text: string): string[] {
  return rowsOf(text, 'Alarm')
    .filter((row) => linked(row).length === 0 || linked(row).some((page) => !pages.has(page)))
    .map(([alarm = '']) => alarm);
}

/** Metrics that an index neither has in an alarm nor names as none. */
function unnamed(text: string): string[] {
  const alarms = rowsOf(text, 'Alarm').map(([, expression = '']) => expression);
  const [, others = ''] = text.split('Nobody need wake for these');
  const named = [...alarms, others].join(' ');
  return Object.values(metricNames).filter((name) => !new RegExp(`\\b${name}\\b`).test(named));
}

/** What a page lacks of its form: its parts, and how it was tried. */
function lacking(page: string, parts: readonly string[]): string[] {
  const absent = parts.filter((part) => !page.includes(`\n**${part}`));
  const [, tried = ''] = page.split('\n*Tried ');
  const isTried = /\d{4}-\d\d-\d\d/.test(tried) || isTest(tried);
  return isTried ? absent : [...absent, 'Tried'];
}

describe('the runbooks', () => {
  const alarms = new Set(rowsOf(index, 'Alarm').flatMap(linked));
  const tasks = new Set(rowsOf(index, 'To do').flatMap(linked));

  it('have a page for every alarm, and an alarm or a task for every page', () => {
    expect(withoutPage(index)).toEqual([]);
    expect([...pages.keys()].filter((page) => !alarms.has(page) && !tasks.has(page))).toEqual([]);
    expect(alarms.size).toBeGreaterThan(10);
  });

  it('say of every metric which alarm it is, or that it is none', () => {
    expect(unnamed(index)).toEqual([]);
  });

  it.each([...pages.keys()])(
    'have in %s all that an operator needs, and how it was tried',
    (file) => {
      const parts = alarms.has(file) ? ALARM_PARTS : TASK_PARTS;
      expect(lacking(pages.get(file) ?? '', parts)).toEqual([]);
    },
  );

  it('would be caught with an alarm without a page, a new metric, a page that nobody tried', () => {
    const row = '| Fire | `nova_fire_total > 0` | call somebody |\n';
    expect(withoutPage(index.replace('| Disk |', `${row}| Disk |`))).toEqual(['Fire']);
    expect(unnamed(index.replace('nova_foreign_records_total', 'nova_strange_total'))).toEqual([
      'nova_foreign_records_total',
    ]);
    const page = '# X\n\n**Alarm**: one.\n\n**Look.** There.\n\n**Do.** It.\n\n**Verify.** It.\n';
    expect(lacking(page, ALARM_PARTS)).toEqual(['What it means', 'Tried']);
  });
});
