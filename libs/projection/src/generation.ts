import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Queryable } from '@nova/postgres';
import type { View } from './view.ts';
import { describeTable, type ViewTable } from './view-table.ts';

/** Schema that holds the rows of a generation: `<consumer>_g<N>`. */
export function generationSchema(consumer: string, generation: number): string {
  return `${consumer}_g${generation}`;
}

/** Lets unqualified names mean the generation's tables until the transaction ends. */
export async function useGeneration(tx: Queryable, schema: string): Promise<void> {
  await tx.query("SELECT set_config('search_path', $1, true)", [searchPath(schema)]);
}

/** The search_path of a generation: its schema, then public for the consumer's own tables. */
export function searchPath(schema: string): string {
  return `"${schema}", public`;
}

/**
 * Makes the schema of a generation with the tables of all views, and looks at what came out.
 *
 * @throws PROJECTION_VIEW_INVALID when a table does not fit its view.
 */
export async function createGenerationSchema(
  tx: Queryable,
  schema: string,
  views: readonly View[],
): Promise<readonly ViewTable[]> {
  await tx.query(`CREATE SCHEMA "${schema}"`);
  await useGeneration(tx, schema);
  for (const view of views) await tx.query(readFileSync(view.table, 'utf8'));
  return describeTables(tx, schema, views);
}

/** Looks at the tables of a generation that exists. */
export async function describeTables(
  tx: Queryable,
  schema: string,
  views: readonly View[],
): Promise<readonly ViewTable[]> {
  await useGeneration(tx, schema);
  const tables: ViewTable[] = [];
  for (const view of views) tables.push(await describeTable(tx, view));
  return tables;
}

/** Drops a generation's rows for good. */
export async function dropGenerationSchema(tx: Queryable, schema: string): Promise<void> {
  await tx.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
}

/**
 * What a generation is made of: SHA-256 of all table.sql files, the views' versions and the event
 * types. Rows made under another hash need a rebuild.
 */
export function definitionHash(views: readonly View[], eventTypes: readonly string[]): string {
  const parts = views
    .map(({ name, version, table }) => [name, version, readFileSync(table, 'utf8')])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([parts, [...eventTypes].sort()]))
    .digest('hex');
}
