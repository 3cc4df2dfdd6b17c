import { NovaError } from '@nova/errors';
import { withDeadline } from '@nova/time';
import { to as copyTo } from 'pg-copy-streams';
import type { Connections } from './connections.ts';
import { errors } from './errors.ts';
import { mapError } from './map-error.ts';
import { type Sql, textOf } from './sql.ts';

/**
 * The chunks of a COPY. The driver has no timeout for it, hence the deadline per chunk: a paused
 * server would otherwise hold the reader for ever.
 */
export async function* copyOut(
  connections: Connections,
  sql: Sql,
  stallMs: number,
): AsyncIterable<Buffer> {
  const lease = await connections.acquire();
  let finished = false;
  try {
    const chunks = lease.client.query(copyTo(textOf(sql)));
    const iterator: AsyncIterator<Buffer> = chunks[Symbol.asyncIterator]();
    for (;;) {
      const next = await nextChunk(iterator, stallMs);
      if (next === undefined) break;
      yield next;
    }
    finished = true;
  } finally {
    // Left early or failed: what is still on its way would be taken for the next answer.
    lease.release(finished ? 'usable' : 'doubtful');
  }
}

async function nextChunk(
  iterator: AsyncIterator<Buffer>,
  stallMs: number,
): Promise<Buffer | undefined> {
  const next = iterator.next();
  try {
    const result = stallMs === 0 ? await next : await withDeadline(next, stallMs, 'COPY');
    return result.done ? undefined : result.value;
  } catch (thrown) {
    const mapped = mapError(thrown);
    throw mapped === thrown
      ? new NovaError(errors.POSTGRES_UNAVAILABLE, {}, { cause: thrown })
      : mapped;
  }
}
