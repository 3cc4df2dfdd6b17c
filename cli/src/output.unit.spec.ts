import { describe, expect, it } from '@jest/globals';
import { Output } from './output.ts';

function setUp({ terminal = false, colour = false } = {}) {
  const written = { stdout: '', stderr: '' };
  const time = { ms: 0 };
  const out = new Output({
    format: 'table',
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text), isTTY: terminal, columns: 20 },
    colour,
    nowMs: () => time.ms,
  });
  return { out, written, time };
}

describe('Output', () => {
  it('prints a table with columns two spaces apart and no spaces at line ends', () => {
    const { out, written } = setUp();
    out.table(
      [{ title: 'PART' }, { title: 'PID', align: 'right' }, { title: 'WHERE' }],
      [
        ['kafka', '7', 'localhost:9092'],
        ['postgres', '12345', ''],
      ],
    );
    expect(written.stdout.split('\n')).toEqual([
      'PART        PID  WHERE',
      'kafka         7  localhost:9092',
      'postgres  12345',
      '',
    ]);
  });

  it('gives colours no room in a table', () => {
    const { out, written } = setUp({ colour: true });
    out.table(
      [{ title: 'A' }, { title: 'B' }],
      [
        [out.style.good('ok'), 'x'],
        ['down', 'y'],
      ],
    );
    expect(written.stdout).toContain('\u001b[32mok\u001b[39m    x');
  });

  it('prints 64-bit integers as strings and bytes as base64 in JSON', () => {
    const { out, written } = setUp();
    out.json({ position: 9007199254740993n, payload: Uint8Array.of(1, 2), gone: undefined });
    expect(JSON.parse(written.stdout)).toEqual({ position: '9007199254740993', payload: 'AQI=' });
  });

  it('rewrites the progress line on a terminal and takes it away before a result', () => {
    const { out, written } = setUp({ terminal: true });
    out.progress('a line that is longer than the terminal is wide');
    out.line('done');
    expect(written.stderr).toBe('\r\u001b[2Ka line that is long\r\u001b[2K');
    expect(written.stdout).toBe('done\n');
  });

  it('prints progress as plain lines at most every 5 seconds elsewhere', () => {
    const { out, written, time } = setUp();
    out.progress('1 %');
    time.ms = 4999;
    out.progress('2 %');
    time.ms = 5000;
    out.progress('3 %');
    expect(written.stderr).toBe('1 %\n3 %\n');
  });
});
