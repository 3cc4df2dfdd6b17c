import { loop, type Part } from '@nova/lifecycle';
import { backoffMs, sleep } from '@nova/time';
import pg from 'pg';
import { connectionConfig, type DatabaseOptions, destroySocket, run } from './connections.ts';
import { errors } from './errors.ts';
import { mapError } from './map-error.ts';

const RECONNECT = { initialMs: 50, factor: 2, maxMs: 1000, jitter: 0.3 };
/** A connection that is silently gone is noticed after this and the statement timeout. */
const HEARTBEAT_MS = 5000;

/**
 * Listens on a channel until stopped. States: connecting → listening → (connection lost or
 * heartbeat unanswered) → waiting → connecting. Nothing that happens to the connection reaches the
 * caller; after each (re)connect `onNotify('')` says that something may have been missed.
 */
export function listener(
  options: DatabaseOptions,
  channel: string,
  onNotify: (payload: string) => void,
): Part {
  const log = options.logger.child({ component: 'postgres', name: channel });
  return loop(
    `listen ${channel}`,
    async (signal) => {
      let attempt = 0;
      while (!signal.aborted) {
        try {
          await listenOnce(options, channel, signal, (payload) => {
            attempt = 0;
            onNotify(payload);
          });
        } catch (thrown) {
          attempt += 1;
          const retry = backoffMs(RECONNECT, attempt);
          log.warn(
            { err: thrown, error_code: errors.POSTGRES_UNAVAILABLE.code, retry_in_ms: retry },
            'listening connection lost',
          );
          await sleep(retry, signal);
        }
      }
    },
    (thrown) => log.error({ err: thrown }, 'listening ended'),
  );
}

async function listenOnce(
  options: DatabaseOptions,
  channel: string,
  signal: AbortSignal,
  onNotify: (payload: string) => void,
): Promise<void> {
  const client = new pg.Client(connectionConfig(options));
  const gone = new AbortController();
  // An 'error' without listener would end the process; 'end' follows every loss.
  client.on('error', () => gone.abort());
  client.on('end', () => gone.abort());
  client.on('notification', ({ payload }) => onNotify(payload ?? ''));
  const over = AbortSignal.any([signal, gone.signal]);
  try {
    await client.connect().catch((thrown: unknown) => {
      throw mapError(thrown);
    });
    await run(client, `LISTEN ${pg.escapeIdentifier(channel)}`);
    onNotify('');
    while (!over.aborted) {
      await sleep(HEARTBEAT_MS, over);
      if (!over.aborted) await run(client, 'SELECT 1');
    }
    if (!signal.aborted) throw mapError(new Error('connection closed'));
  } finally {
    destroySocket(client);
  }
}
