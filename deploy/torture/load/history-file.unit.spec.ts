import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { History } from '../checker/history.ts';

const MODULE = pathToFileURL(join(import.meta.dirname, 'history-file.ts')).href;
/** Writes without end, and says after each line which one it was. */
const DRIVER = `
  import { HistoryFile } from '${MODULE}';
  const history = new HistoryFile(process.argv.at(-1));
  for (let seed = 1; ; seed += 1) {
    history.write({ kind: 'run', seed, commit: 'x'.repeat(500) });
    process.stdout.write(seed + '\\n');
    if (seed % 50 === 0) await new Promise(setImmediate);
  }
`;
const LINES_FIRST = 300;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-history-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a history file', () => {
  it('has every line that was written when its driver is killed, and can be read', async () => {
    const file = join(folder, 'history.jsonl');
    const driver = spawn(process.execPath, ['--input-type=module', '--eval', DRIVER, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(driver, 'exit');
    let written = 0;
    for await (const line of createInterface({ input: driver.stdout })) {
      written = Number(line);
      if (written === LINES_FIRST) driver.kill('SIGKILL');
    }
    await ended;
    expect(written).toBeGreaterThanOrEqual(LINES_FIRST);
    const seeds = History.read(file)
      .of('run')
      .map(({ seed }) => seed);
    expect(seeds.slice(0, written)).toEqual(Array.from({ length: written }, (_, n) => n + 1));
  });
});
