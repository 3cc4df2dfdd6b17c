import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const index = new URL('./index.ts', import.meta.url).href;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-logger-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program whose log may not grow above 4 KiB; resolves with how it ended. */
function run(path: string, program: string): number | null {
  const log = openSync(path, 'a');
  const source = `
    const { truncateSync } = await import('node:fs');
    const { createLogger } = await import(${JSON.stringify(index)});
    const logger = createLogger({ service: 'spec' });
    ${program}
    process.exit(3);`;
  const limited = 'ulimit -f 8; exec "$0" "$@"';
  const { status } = spawnSync(
    'sh',
    ['-c', limited, process.execPath, '--input-type=module', '-e', source],
    { stdio: ['ignore', log, 'inherit'] },
  );
  closeSync(log);
  return status;
}

describe('a log that cannot be written', () => {
  it('does not end the process', () => {
    const program = "for (let i = 0; i < 100_000; i += 1) logger.info({ count: i }, 'line');";
    expect(run('/dev/full', program)).toBe(3);
  }, 60_000);

  it('goes on, with what was kept, when there is room', () => {
    const path = join(folder, 'log');
    const program = `
      for (let i = 0; i < 60; i += 1) logger.info({ count: i }, 'line');
      truncateSync(${JSON.stringify(path)});
      logger.info({}, 'there is room');`;
    expect(run(path, program)).toBe(3);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.at(-1)).toContain('"msg":"there is room"');
    // The first may have been cut in two: its beginning was written while there was room.
    const counts = lines.slice(1, -1).map((line) => (JSON.parse(line) as { count: number }).count);
    expect(counts.at(-1)).toBe(59);
    expect(counts).toEqual(counts.map((_, index) => 60 - counts.length + index));
    expect(counts.length).toBeGreaterThan(5);
  }, 60_000);
});
