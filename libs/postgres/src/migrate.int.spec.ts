import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { errors } from './errors.ts';
import { migrate } from './migrate.ts';

let test: TestDatabase;
let folder: string;
beforeEach(async () => {
  test = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), 'nova-migrations-'));
}, 60_000);
afterEach(async () => {
  await test.drop();
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const run = (owner = 'spec') =>
  migrate(test.database, pathToFileURL(folder), { owner, logger: silentLogger });
const refusal = () => run().catch((thrown: unknown) => thrown);

describe('migrate', () => {
  it('applies each file once, in order, several statements a file', async () => {
    write('0001_first.sql', 'CREATE TABLE one (a int); INSERT INTO one VALUES (1);');
    write('0002_second.sql', 'ALTER TABLE one ADD b int');
    expect(await run()).toEqual(['0001_first.sql', '0002_second.sql']);
    expect(await run()).toEqual([]);
    write('0003_third.sql', 'UPDATE one SET b = 2');
    expect(await run()).toEqual(['0003_third.sql']);
    expect(await test.database.query('SELECT * FROM one')).toEqual([{ a: 1, b: 2 }]);
  });

  it('lets one of several processes go first', async () => {
    write('0001_first.sql', 'CREATE TABLE one (a int); SELECT pg_sleep(0.2);');
    const applied = await Promise.all([run(), run(), run()]);
    expect(applied.flat()).toEqual(['0001_first.sql']);
  });

  it('keeps owners apart', async () => {
    write('0001_first.sql', 'CREATE TABLE IF NOT EXISTS one (a int)');
    await run('one');
    expect(await run('two')).toEqual(['0001_first.sql']);
  });

  it('leaves nothing of a file that fails, and takes it up again', async () => {
    write('0001_first.sql', 'CREATE TABLE one (a int); SELECT 1/0;');
    expect(isNovaError(await refusal(), errors.POSTGRES_REFUSED)).toBe(true);
    expect(await test.database.query("SELECT to_regclass('one') AS found")).toEqual([
      { found: null },
    ]);
    write('0001_first.sql', 'CREATE TABLE one (a int)');
    expect(await run()).toEqual(['0001_first.sql']);
  });

  it('refuses a file that was changed after it had been applied', async () => {
    write('0001_first.sql', 'CREATE TABLE one (a int)');
    await run();
    write('0001_first.sql', 'CREATE TABLE one (a bigint)');
    expect(isNovaError(await refusal(), errors.POSTGRES_MIGRATION_CHANGED)).toBe(true);
  });

  it('refuses a database that a newer version has migrated', async () => {
    write('0001_first.sql', 'CREATE TABLE one (a int)');
    write('0002_second.sql', 'CREATE TABLE two (a int)');
    await run();
    rmSync(join(folder, '0002_second.sql'));
    expect(isNovaError(await refusal(), errors.POSTGRES_MIGRATION_UNKNOWN)).toBe(true);
  });

  it('refuses files that are not numbered without gaps', async () => {
    write('0001_first.sql', 'SELECT 1');
    write('0003_third.sql', 'SELECT 1');
    expect(isNovaError(await refusal(), errors.POSTGRES_MIGRATION_MISNAMED)).toBe(true);
  });
});
