/** Writes the tables of deploy/torture/runs/runs.jsonl into docs/reliability.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tablesOf } from './table.ts';

const RUNS = join(import.meta.dirname, 'runs.jsonl');
const DOCUMENT = join(import.meta.dirname, '../../../docs/reliability.md');
const [BEGIN, END] = ['<!-- runs -->', '<!-- end of runs -->'];

const text = readFileSync(DOCUMENT, 'utf8');
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
if (from < 0 || to < from) throw new Error(`there is no ${BEGIN} … ${END} in ${DOCUMENT}`);
const tables = tablesOf(readFileSync(RUNS, 'utf8'));
writeFileSync(DOCUMENT, `${text.slice(0, from)}${BEGIN}\n${tables}\n${text.slice(to)}`);
