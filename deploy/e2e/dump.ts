import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { psql } from './witness.ts';

/** What a database held at one moment, in files: rows without any trace of the server they lay on. */
export interface Dump {
  /** Puts the rows into a database with the same tables, in place of those that are there. */
  restore(url: string): Promise<void>;
  remove(): void;
}

interface Table {
  /** As SQL writes it. */
  readonly name: string;
  readonly columns: string;
}

// Parts of a partitioned table come with the whole.
const TABLES = `
  SELECT format('%I.%I', n.nspname, c.relname), string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                            AND a.attgenerated = ''
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  GROUP BY 1 ORDER BY 1`;
const SEQUENCES = `
  SELECT format('SELECT setval(%L, %s);', format('%I.%I', schemaname, sequencename), last_value)
  FROM pg_sequences WHERE last_value IS NOT NULL`;

/**
 * Dumps the rows of a database, all of one snapshot, and its sequences: what `pg_dump --data-only`
 * does. That itself is not among the programs that come with nova, and another version's refuses.
 */
export async function dump(url: string): Promise<Dump> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-dump-'));
  const tables = (await psql(url, TABLES)).map(([name = '', columns = '']): Table => {
    return { name, columns };
  });
  const fileOf = (index: number) => join(folder, `${index}.copy`);
  await script(url, [
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;',
    ...tables.map(
      ({ name, columns }, index) => `\\copy (SELECT ${columns} FROM ${name}) TO '${fileOf(index)}'`,
    ),
    'COMMIT;',
  ]);
  const sequences = (await psql(url, SEQUENCES)).flat();
  return {
    restore: (into) =>
      script(into, [
        'BEGIN;',
        // Whatever refers to what.
        'SET session_replication_role = replica;',
        `TRUNCATE ${tables.map(({ name }) => name).join(', ')};`,
        ...tables.map(
          ({ name, columns }, index) => `\\copy ${name} (${columns}) FROM '${fileOf(index)}'`,
        ),
        ...sequences,
        'COMMIT;',
      ]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Which cluster it is. */
export async function systemIdentifier(url: string): Promise<string> {
  const [[found = ''] = []] = await psql(url, 'SELECT system_identifier FROM pg_control_system()');
  return found;
}

async function script(url: string, lines: readonly string[]): Promise<void> {
  const child = spawn('psql', [url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const complaints: string[] = [];
  child.stderr.on('data', (bytes: Buffer) => complaints.push(bytes.toString()));
  child.stdin.end(`${lines.join('\n')}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`psql ended with ${code}: ${complaints.join('')}`);
}
