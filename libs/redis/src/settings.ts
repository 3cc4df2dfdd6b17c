import { type Settings, setting, type Values } from '@nova/config';

/** How Redis is reached. Without an address a process does without it. */
export const redisSettings = {
  redisUrl: setting.optional(
    setting.url({
      env: 'NOVA_REDIS_URL',
      protocols: ['redis', 'rediss'],
      secret: true,
      doc: 'Redis, with its password where it has one: redis://:password@host:port.',
    }),
  ),
  redisTimeoutMs: setting.integer({
    env: 'NOVA_REDIS_TIMEOUT_MS',
    default: 100,
    min: 1,
    max: 10_000,
    doc: 'Longest wait for an answer of Redis; then it counts as away.',
  }),
} satisfies Settings;

/** The values of {@link redisSettings}. */
export type RedisConfig = Values<typeof redisSettings>;
