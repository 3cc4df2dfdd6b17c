import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { jarDifferences, lockedJars, reasonsOf } from './jars.ts';
import { kafkaProperties } from './properties.ts';

const base = mkdtempSync(join(tmpdir(), 'nova-jars-'));
afterAll(() => rmSync(base, { recursive: true }));

describe('lockedJars', () => {
  it('reads the list of this repository: the broker, its client and the logger are on it', () => {
    const names = lockedJars().map(({ name }) => name);
    for (const name of ['kafka_2.13-4.3.1.jar', 'kafka-clients-4.3.1.jar']) {
      expect(names).toContain(name);
    }
    expect(names.some((name) => name.startsWith('log4j-core-2.'))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });

  it('refuses a list that was cut off', () => {
    expect(() => lockedJars('abc 12 x.jar\n')).toThrow(TypeError);
  });
});

describe('jarDifferences', () => {
  const content = 'a jar';
  const locked = lockedJars(
    '8fe11d6b03b6b5a9c55a4d95e8f30fd4a9c1cdb7ffd9e5a3ffee4a9dcb2d9d12 5 a.jar\n',
  );

  it('finds what is missing, cut off, altered or unknown', () => {
    expect(jarDifferences(base, { hashes: true }, locked)).toEqual(['a.jar is missing']);
    writeFileSync(join(base, 'a.jar'), content);
    expect(jarDifferences(base, { hashes: false }, locked)).toEqual([]);
    expect(jarDifferences(base, { hashes: true }, locked)).toEqual(['a.jar has another SHA-256']);
    truncateSync(join(base, 'a.jar'), 3);
    expect(jarDifferences(base, { hashes: false }, locked)).toEqual(['a.jar has another size']);
    writeFileSync(join(base, 'b.jar'), '');
    expect(jarDifferences(base, { hashes: false }, locked)).toContain('b.jar is not on the list');
  });
});

describe('kafkaProperties', () => {
  it('listens on this machine only and makes no topic by itself', () => {
    const text = kafkaProperties({ port: 1, controllerPort: 2, logDirs: '/a folder/b' });
    expect(text).toContain('listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n');
    expect(text).toContain('auto.create.topics.enable=false\n');
    expect(text).toContain('log.dirs=/a folder/b\n');
  });

  it('refuses a folder that Kafka would split in two', () => {
    expect(() => kafkaProperties({ port: 1, controllerPort: 2, logDirs: '/a,b' })).toThrow(
      TypeError,
    );
  });
});

describe('reasonsOf', () => {
  it('keeps what went wrong and drops the advice of Maven', () => {
    const output = [
      '[INFO] Scanning for projects...',
      '[ERROR] Failed to execute goal: Could not transfer artifact x: Connection refused',
      '[ERROR] ',
      '[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.',
      '[ERROR] [Help 1] http://cwiki.apache.org/confluence',
    ].join('\n');
    expect(reasonsOf(output)).toEqual([
      '[ERROR] Failed to execute goal: Could not transfer artifact x: Connection refused',
    ]);
    expect(reasonsOf('mvn: cannot run')).toEqual(['mvn: cannot run']);
  });
});
