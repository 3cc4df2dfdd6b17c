import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { BenchResults } from './harness/results.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-bench-spec-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the benchmarks as the command line does; answers with what they wrote. */
async function bench(...words: readonly string[]) {
  const json = join(folder, 'results.json');
  const report = join(folder, 'REPORT.md');
  const main = join(import.meta.dirname, 'main.ts');
  const args = [main, ...words, '--repeats', '0', '--json', json, '--report', report];
  // By its channel it ends with this process, too.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const said: Buffer[] = [];
  child.stderr?.on('data', (piece: Buffer) => said.push(piece));
  await once(child, 'close');
  return {
    exitCode: child.exitCode,
    said: Buffer.concat(said).toString(),
    // What the run wrote.
    results: () => JSON.parse(readFileSync(json, 'utf8')) as BenchResults,
    report: () => readFileSync(report, 'utf8'),
  };
}

describe('the benchmarks', () => {
  it('run on servers of their own, every turn judged by what arrived, whatever the speed', async () => {
    const { exitCode, said, results, report } = await bench(
      'w1',
      '--events',
      '1000',
      '--rounds',
      '1',
    );
    expect({ exitCode, said: exitCode === 0 ? '' : said }).toEqual({ exitCode: 0, said: '' });
    const [w1] = results().runs.flatMap(({ scenarios }) => scenarios);
    expect(w1?.measured.map(({ subject, rounds }) => [subject, rounds[0]?.wrong])).toEqual([
      ['nova, kafkajs', undefined],
      ['nova, platformatic', undefined],
      ["specification's loop", undefined],
      ['SKIP LOCKED, batches of 500', undefined],
      ['pg-transactional-outbox 0.5.7', undefined],
    ]);
    expect(w1?.reached).not.toHaveLength(0);
    expect(report()).toContain('## w1');
  }, 240_000);

  it('know their scenarios', async () => {
    const { exitCode, said } = await bench('w0');
    expect(exitCode).toBe(2);
    expect(said).toContain('no scenario w0; there are w1,');
  });
});
