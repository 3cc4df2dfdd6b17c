import { NovaError } from '@nova/errors';
import { withDeadline } from '@nova/time';
import { to as copyTo } from 'pg-copy-streams';
import type { Connections } from './connections.ts';
import { errors } from './errors.ts';
import { mapError } from './map-error.ts';
import { type Sql, textOf } from './sql.ts';

/**
 * The chunks of a COPY, each with a deadline: a paused server would otherwise hold the reader for
 * ever.
 */
export async function* copyOut(
  connections: Connections,
  sql: Sql,
  stallMs: number,
): AsyncIterable<Buffer> {
  const lease = await connections.acquire();
  const chunks = copyTo(textOf(sql));
  let finished = false;
  try {
    lease.client.query(chunks);
    const iterator: AsyncIterator<Buffer> = chunks[Symbol.asyncIterator]();
    for (;;) {
      const next = await nextChunk(iterator, stallMs);
      if (next === undefined) break;
      yield next;
    }
    finished = true;
  } finally {
    // The driver arms its timeout for this statement too, but nothing in it calls back: the timer
    // would outlive the copy, keep the process alive, and then fail a stream that has ended.
    chunks.callback?.();
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
