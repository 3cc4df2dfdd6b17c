import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Style } from '../output.ts';
import { LogFollower, lastLines, lastTellingLines } from './log-file.ts';
import { parseLogLine } from './log-line.ts';
import { mergedTail } from './merge-logs.ts';
import { logLineJson, renderLogLine } from './render-log.ts';

const plain: Style = {
  strong: (text) => text,
  faint: (text) => text,
  good: (text) => text,
  bad: (text) => text,
  warn: (text) => text,
};

const pinoLine = JSON.stringify({
  level: 'warn',
  time: '2026-11-21T15:56:20.123Z',
  service: 'relay',
  component: 'relay',
  lane: 7,
  reason: 'no broker',
  msg: 'lane lost',
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-logs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('parseLogLine', () => {
  it('reads time, level, message and fields of a pino line', () => {
    expect(parseLogLine('relay', pinoLine)).toMatchObject({
      timeMs: Date.UTC(2026, 10, 21, 15, 56, 20, 123),
      level: 'warn',
      message: 'lane lost',
      fields: { lane: 7 },
      structured: true,
    });
  });

  it.each([
    [
      '2026-11-21 15:56:20.123 UTC [77] LOG:  database system is ready',
      'info',
      'database system is ready',
    ],
    [
      '2026-11-21 15:56:20.123 UTC [77] FATAL:  the database system is starting up',
      'fatal',
      'the database system is starting up',
    ],
  ])('reads a line of PostgreSQL: %s', (raw, level, message) => {
    expect(parseLogLine('postgres', raw)).toMatchObject({
      timeMs: Date.UTC(2026, 10, 21, 15, 56, 20, 123),
      level,
      message,
    });
  });

  it('reads a line of Kafka', () => {
    const line = parseLogLine('kafka', '2026-11-21T15:56:20.123Z WARN no brokers (kafka.X)');
    expect(line).toMatchObject({
      timeMs: Date.UTC(2026, 10, 21, 15, 56, 20, 123),
      level: 'warn',
      message: 'no brokers (kafka.X)',
    });
  });

  it('keeps any other line as it is, broken JSON too', () => {
    for (const raw of ['\tat java.lang.Thread', '{"level":', '']) {
      expect(parseLogLine('kafka', raw)).toMatchObject({ timeMs: undefined, message: raw });
    }
  });
});

describe('renderLogLine', () => {
  it('shows part, level, message and the fields except those that repeat the part', () => {
    const text = renderLogLine(parseLogLine('relay', pinoLine), 8, plain);
    expect(text.replace(/^\d\d:\d\d:\d\d\.\d{3} /, '')).toBe(
      'relay    warn  lane lost component=relay lane=7 reason="no broker"',
    );
  });

  it('is the line itself as JSON when it was JSON, and an object of that shape otherwise', () => {
    expect(logLineJson(parseLogLine('relay', pinoLine))).toBe(pinoLine);
    expect(
      JSON.parse(logLineJson(parseLogLine('postgres', '2026-11-21 15:56:20.123 UTC [1] LOG:  hi'))),
    ).toEqual({
      time: '2026-11-21T15:56:20.123Z',
      level: 'info',
      msg: 'hi',
      service: 'postgres',
    });
  });
});

describe('lastLines', () => {
  it('returns the last lines of a file that is larger than what is read at once', () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} ${'é'.repeat(20)}`);
    const path = file('a.log', `${lines.join('\n')}\n`);
    expect(lastLines(path, 3000)).toEqual(lines.slice(-3000));
    expect(lastLines(path, 10_000)).toEqual(lines);
  });

  it('returns nothing for a file that does not exist', () => {
    expect(lastLines(join(folder, 'none.log'), 5)).toEqual([]);
  });
});

describe('lastTellingLines', () => {
  it('leaves out the frames of stack traces', () => {
    const path = file('kafka.log', 'first\nodd: the cause\n\tat a.B(C.java:1)\n\tat d\n\nlast\n');
    expect(lastTellingLines(path, 2)).toEqual(['odd: the cause', 'last']);
  });
});

describe('LogFollower', () => {
  it('returns whole lines that were added, also when a character was written in two halves', () => {
    const path = file('a.log', 'old\n');
    const follower = new LogFollower(path);
    const bytes = Buffer.from('né\nx');
    appendFileSync(path, bytes.subarray(0, 2));
    expect(follower.next()).toEqual([]);
    appendFileSync(path, bytes.subarray(2));
    expect(follower.next()).toEqual(['né']);
    appendFileSync(path, 'y\n\nz\n');
    expect(follower.next()).toEqual(['xy', '', 'z']);
    expect(follower.next()).toEqual([]);
  });

  it('starts over when the file was emptied', () => {
    const path = file('a.log', 'old\nolder\n');
    const follower = new LogFollower(path);
    truncateSync(path);
    appendFileSync(path, 'new\n');
    expect(follower.next()).toEqual(['new']);
  });
});

describe('mergedTail', () => {
  it('orders the lines of all parts by time and keeps continuations with their line', () => {
    const kafka = file('kafka.log', `${kafkaAt(2)} first\n\tat x\n\tat y\n${kafkaAt(6)} last\n`);
    const relay = file('relay.log', `${pinoAt(1)}\n${pinoAt(4)}\n`);
    const merged = mergedTail(
      new Map([
        ['kafka', kafka],
        ['relay', relay],
      ]),
      5,
    );
    expect(merged.map(({ part, message }) => `${part} ${message.trim()}`)).toEqual([
      'kafka first',
      'kafka at x',
      'kafka at y',
      'relay m4',
      'kafka last',
    ]);
  });
});

function kafkaAt(second: number): string {
  return `2026-11-21T15:56:0${second}.000Z INFO`;
}

function pinoAt(second: number): string {
  const time = `2026-11-21T15:56:0${second}.000Z`;
  return JSON.stringify({ time, level: 'info', msg: `m${second}` });
}
