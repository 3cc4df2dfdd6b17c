import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { identify, isAlive, memoryOfTree, treeOf } from './process-table.ts';
import {
  forgetRecord,
  livingParts,
  readLiveRecord,
  readRecord,
  type SupervisorRecord,
  takeLock,
  writeRecord,
} from './supervisor-state.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-run-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A process that had our pid once. */
const gone = { pid: process.pid, started: 'another boot:1' };

function myself() {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('this process runs');
  return identity;
}

function record(supervisor = myself()): SupervisorRecord {
  const since = '2026-11-21T15:00:00.000Z';
  return {
    supervisor,
    phase: 'running',
    startedAt: since,
    parts: [
      { name: 'kafka', state: 'running', process: myself(), since, restarts: 0 },
      { name: 'postgres', state: 'running', process: gone, since, restarts: 1 },
    ],
  };
}

describe('identify', () => {
  it('tells a process from a later one with its pid', () => {
    expect(isAlive(myself())).toBe(true);
    expect(isAlive(gone)).toBe(false);
  });

  it('knows no process of a pid that is not in use', () => {
    expect(identify(2 ** 22 + 1)).toBeUndefined();
  });
});

describe('memoryOfTree', () => {
  it('adds up a process and its descendants', () => {
    const table = new Map([
      [4_000_001, { parent: 1, residentBytes: 1 }],
      [4_000_002, { parent: 4_000_001, residentBytes: 10 }],
      [4_000_003, { parent: 4_000_002, residentBytes: 100 }],
      [4_000_004, { parent: 1, residentBytes: 1000 }],
    ]);
    expect(treeOf(4_000_001, table)).toEqual([4_000_001, 4_000_002, 4_000_003]);
    expect(memoryOfTree(4_000_001, table)).toBe(111);
  });

  it('knows the memory of this process', () => {
    expect(memoryOfTree(process.pid)).toBeGreaterThan(10 * 1024 * 1024);
  });
});

describe('the state file', () => {
  it('is read as it was written', () => {
    writeRecord(folder, record());
    expect(readRecord(folder)).toEqual(record());
    expect(readLiveRecord(folder)).toEqual(record());
    expect(readdirSync(folder)).toEqual(['supervisor.json']);
  });

  it('is not live when its supervisor is gone, but still names the parts that are left', () => {
    writeRecord(folder, record(gone));
    expect(readLiveRecord(folder)).toBeUndefined();
    expect(livingParts(readRecord(folder)).map(({ name }) => name)).toEqual(['kafka']);
  });

  it('is as good as none when it is cut off or forgotten', () => {
    writeFileSync(join(folder, 'supervisor.json'), '{"supervisor":{"pid":1');
    expect(readRecord(folder)).toBeUndefined();
    forgetRecord(folder);
    forgetRecord(folder);
    expect(readRecord(folder)).toBeUndefined();
  });
});

describe('takeLock', () => {
  it('is held by one at a time and can be given back', () => {
    const lock = takeLock(folder);
    expect(takeLock(folder)).toBeUndefined();
    expect(lock?.isHeld()).toBe(true);
    lock?.giveBack();
    expect(takeLock(folder)).toBeDefined();
  });

  it('is no longer held once its file is deleted', () => {
    const lock = takeLock(folder);
    rmSync(join(folder, 'supervisor.lock'));
    expect(lock?.isHeld()).toBe(false);
    lock?.giveBack();
  });

  it.each([
    ['a process that is gone', JSON.stringify(gone)],
    ['nobody that can be named', 'half a li'],
    ['nobody at all', ''],
  ])('is taken from %s', (_, text) => {
    writeFileSync(join(folder, 'supervisor.lock'), text);
    expect(takeLock(folder)).toBeDefined();
    expect(readdirSync(folder)).toEqual(['supervisor.lock']);
  });
});
