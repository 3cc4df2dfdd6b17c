import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testDatabase } from './test-database.ts';

describe('testDatabase', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nova-spec-'));
  writeFileSync(join(dir, '0001_things.sql'), 'CREATE TABLE things (id bigint PRIMARY KEY)');
  const migrations = [{ owner: 'spec', dir: pathToFileURL(dir) }];
  let one: TestDatabase;
  let two: TestDatabase;

  beforeAll(async () => {
    [one, two] = await Promise.all([testDatabase({ migrations }), testDatabase({ migrations })]);
  });

  afterAll(async () => {
    await Promise.all([one.drop(), two.drop()]);
    rmSync(dir, { recursive: true });
  });

  it('gives each caller tables of its own', async () => {
    await one.database.query('INSERT INTO things VALUES (1)');
    expect(await one.database.query('SELECT id FROM things')).toEqual([{ id: 1n }]);
    expect(await two.database.query('SELECT id FROM things')).toEqual([]);
  });
});
