import type { Part, Probe } from '@nova/lifecycle';
import { callerRates, openRedis, type Redis, type RedisConfig } from '@nova/redis';
import {
  type CallLimitConfig,
  localRateLimiter,
  type RateLimiter,
  sharedRateLimiter,
} from '@nova/rpc';
import type { Logger } from '@nova/telemetry';
import type { Clock } from '@nova/time';

/** Redis as a process uses it: opened by the first who asks, and only where an address is set. */
export interface ProcessRedis {
  /** Undefined where no address is set. */
  use(): Redis | undefined;
  /** What is needed around it, once everybody has asked who wants it. */
  parts(): readonly Part[];
  probes(): readonly Probe[];
}

/** Makes it; nothing is connected before the first `use`. */
export function processRedis(
  { redisUrl, redisTimeoutMs }: RedisConfig,
  { name, logger }: { readonly name: string; readonly logger: Logger },
): ProcessRedis {
  let opened: Redis | undefined;
  return {
    use() {
      if (redisUrl === undefined) return undefined;
      opened ??= openRedis({
        url: redisUrl,
        timeoutMs: redisTimeoutMs,
        clientName: name,
        logger,
      });
      return opened;
    },
    parts() {
      const redis = opened;
      if (redis === undefined) return [];
      const stop = () => Promise.resolve(redis.close());
      return [{ name: 'redis', start: () => Promise.resolve(), stop }];
    },
    // Everything goes on without it, but an operator shall see that it is away.
    probes() {
      const redis = opened;
      if (redis === undefined) return [];
      return [{ name: 'redis', check: () => redis.ping(), whenFailing: 'degraded' }];
    },
  };
}

/** How often callers may call: undefined where that is not limited. */
export function rateLimiter(
  { rpcRatePerSecond: perSecond, rpcRateBurst }: CallLimitConfig,
  redis: ProcessRedis,
  { name, clock }: { readonly name: string; readonly clock: Clock },
): RateLimiter | undefined {
  if (perSecond === 0) return undefined;
  const rate = { perSecond, burst: rpcRateBurst === 0 ? perSecond : rpcRateBurst };
  const local = localRateLimiter(rate, clock);
  const opened = redis.use();
  if (opened === undefined) return local;
  return sharedRateLimiter(callerRates(opened, { service: name, ...rate }), local, clock);
}
