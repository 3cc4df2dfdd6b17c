import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import type { Redis } from './open-redis.ts';
import { redisScript } from './script.ts';

/**
 * The rule of `localRateLimiter` of `@nova/rpc`, by the clock of Redis: one time for each caller, when
 * its calls would be used up.
 */
const takeScript = redisScript(
  'take a call',
  `local spacing, ahead = tonumber(ARGV[1]), tonumber(ARGV[2])
   local time = redis.call('TIME')
   local now = time[1] * 1000 + time[2] / 1000
   local known = math.max(now, tonumber(redis.call('GET', KEYS[1])) or now)
   local wait = known - now - ahead
   if wait > 0 then return math.ceil(wait) end
   local used = known + spacing
   redis.call('SET', KEYS[1], string.format('%.3f', used), 'PX', math.ceil(used - now) + 1000)
   return 0`,
);

/** Counts the calls of callers for all instances of a service. */
export interface CallerRates {
  /** 0: the call may be made; else milliseconds until one may be. @throws as `Redis.run` does. */
  take(principal: string): Promise<number>;
}

/** The rates of a service's callers; kept only as long as they matter. */
export function callerRates(
  redis: Redis,
  { service, perSecond, burst }: { service: string; perSecond: number; burst: number },
): CallerRates {
  const spacingMs = 1000 / perSecond;
  const aheadMs = (burst - 1) * spacingMs;
  return {
    async take(principal) {
      const key = `caller_rates:${service}:${principal}`;
      const reply = await redis.run(takeScript, [key], [spacingMs, aheadMs]);
      if (typeof reply === 'number') return reply;
      const reason = 'it answered with something else than a number';
      throw new NovaError(errors.REDIS_REFUSED, { command: takeScript.name, reason });
    },
  };
}
