import { messageOf, NovaError } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import { Redis as Client, ReplyError } from 'ioredis';
import { errors } from './errors.ts';
import type { RedisScript } from './script.ts';

/** What Redis answers. */
export type Reply = string | number | null | readonly Reply[];

/** How Redis is opened. */
export interface RedisOptions {
  readonly url: string;
  /** Longest wait for an answer. */
  readonly timeoutMs: number;
  /** Shown by CLIENT LIST. */
  readonly clientName: string;
  readonly logger: Logger;
}

/** A connection to Redis. A command is sent once at most, and its promise settles in bounded time. */
export interface Redis {
  /**
   * Runs a script as one step.
   *
   * @throws REDIS_UNAVAILABLE: nothing was sent, or the connection was lost before the answer;
   *   REDIS_TIMEOUT: it may have been carried out; REDIS_REFUSED
   */
  run(script: RedisScript, keys: readonly string[], args: readonly Argument[]): Promise<Reply>;
  /** @throws as `run` does. */
  ping(): Promise<void>;
  /** Ends the connection; what has no answer yet is rejected. */
  close(): void;
}

/** An argument of a script. */
export type Argument = string | number;

const LONGEST_PAUSE_MS = 1000;

/**
 * Opens Redis. It is connected to in the background: what is asked before, or while it is away, is
 * rejected at once. What ioredis does by itself is turned off:
 *
 *   offline queue     commands would wait for a Redis that is absent, without limit
 *   resending         a command whose answer was lost would be carried out twice
 *   no time limit     a paused Redis accepts connections and commands, and answers nothing
 *   settling          without resending, a command in flight when the connection is lost never
 *                     settles (redis/ioredis#2193) unless the limit of retries is zero
 *
 * After a time-out the connection is made anew: a late answer would otherwise be waited for by all
 * commands behind it, and a connection that leads nowhere would never be noticed.
 */
export function openRedis({ url, timeoutMs, clientName, logger }: RedisOptions): Redis {
  const client = new Client(url, {
    autoResendUnfulfilledCommands: false,
    commandTimeout: timeoutMs,
    connectTimeout: 2000,
    // A paused Redis does not say goodbye.
    disconnectTimeout: timeoutMs,
    connectionName: clientName,
    disableClientInfo: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * attempt, LONGEST_PAUSE_MS),
  });
  let isAway = false;
  client.on('error', (thrown: unknown) => {
    if (isAway) return;
    isAway = true;
    logger.warn({ component: 'redis', reason: messageOf(thrown) }, 'redis is away');
  });
  client.on('ready', () => {
    if (isAway) logger.info({ component: 'redis' }, 'redis is back');
    isAway = false;
  });
  const send = async <T>(what: string, command: () => Promise<T>): Promise<T> => {
    try {
      return await command();
    } catch (thrown) {
      const error = redisError(what, thrown, timeoutMs);
      if (error.kind === errors.REDIS_TIMEOUT && client.status === 'ready') client.disconnect(true);
      throw error;
    }
  };
  return {
    async run(script, keys, args) {
      const given = [keys.length, ...keys, ...args] as const;
      return send(script.name, async () => {
        try {
          return (await client.evalsha(script.sha1, ...given)) as Reply;
        } catch (thrown) {
          // The server was started anew and has not run it: the one case that is safe to repeat.
          if (!isUnknownScript(thrown)) throw thrown;
          return (await client.eval(script.lua, ...given)) as Reply;
        }
      });
    },
    async ping() {
      await send('PING', () => client.ping());
    },
    close: () => client.disconnect(),
  };
}

function isUnknownScript(thrown: unknown): boolean {
  return thrown instanceof ReplyError && messageOf(thrown).startsWith('NOSCRIPT');
}

function redisError(command: string, thrown: unknown, ms: number): NovaError {
  const reason = messageOf(thrown);
  const more = { cause: thrown };
  if (thrown instanceof ReplyError) {
    return new NovaError(errors.REDIS_REFUSED, { command, reason }, more);
  }
  // The driver has no type for it.
  if (reason === 'Command timed out') return new NovaError(errors.REDIS_TIMEOUT, { ms }, more);
  return new NovaError(errors.REDIS_UNAVAILABLE, { reason }, more);
}
