// The checker as a program: node checker/main.ts HISTORY SOURCES, with SOURCES a JSON file. It prints
// the verdict as JSON and exits with 0 when all is well, with 1 when it is not.
import { readFileSync } from 'node:fs';
import { History } from './history.ts';
import { judge } from './judge.ts';
import { look, type Sources } from './look.ts';

const [historyFile, sourcesFile] = process.argv.slice(2);
if (historyFile === undefined || sourcesFile === undefined) {
  process.stderr.write('usage: node checker/main.ts HISTORY SOURCES\n');
  process.exit(2);
}
// Written by whoever ran the load; see `Sources`.
const sources = JSON.parse(readFileSync(sourcesFile, 'utf8')) as Sources;
const verdict = judge(History.read(historyFile), await look(sources));
process.stdout.write(`${JSON.stringify(verdict, undefined, 2)}\n`);
process.exitCode = verdict.ok ? 0 : 1;
