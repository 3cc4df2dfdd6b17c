import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Lease } from './connections.ts';
import { mapError } from './map-error.ts';
import { type Sql, textOf } from './sql.ts';

/**
 * Runs a `COPY … FROM STDIN` with all of its text. The driver ends it like any other statement when
 * the server does not answer in time.
 */
export async function copyIn({ client }: Lease, sql: Sql, text: string): Promise<void> {
  const rows = client.query(copyFrom(textOf(sql)));
  rows.end(text);
  try {
    await finished(rows);
  } catch (thrown) {
    throw mapError(thrown);
  }
}
