/**
 * Redis, for what may be lost: nova keeps nothing in it that is not elsewhere as well, and whoever
 * uses it has another way while it is away. A command is sent once at most; what writes is a script
 * that is guarded by a version or harmless when repeated.
 */
export { type CallerRates, callerRates } from './caller-rates.ts';
export { errors } from './errors.ts';
export {
  type Argument,
  openRedis,
  type Redis,
  type RedisOptions,
  type Reply,
} from './open-redis.ts';
export { type ProcessedEvents, processedEvents } from './processed-events.ts';
export { type RedisScript, redisScript } from './script.ts';
export { type RedisConfig, redisSettings } from './settings.ts';
