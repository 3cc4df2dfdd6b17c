/**
 * Writes every generated document; with --check it only says which are stale and exits 1.
 * The generated protobuf code is made by buf (proto/buf.gen.yaml).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { generatedFiles } from './generated-files.ts';
import { root } from './source-files.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const stale: string[] = [];
for (const { file, text } of await generatedFiles()) {
  if (read(file) === text) continue;
  stale.push(file);
  if (values.check) continue;
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

const verb = values.check ? 'is not up to date' : 'written';
process.stdout.write(stale.map((file) => `${file} ${verb}\n`).join(''));
if (values.check && stale.length > 0) {
  process.stdout.write('run: node tools/generate.ts\n');
  process.exitCode = 1;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return undefined;
  }
}
