import { defineErrors } from '@nova/errors';

/** Errors of Redis. Whoever uses it has another way: none of them reaches a caller of a service. */
export const errors = defineErrors({
  REDIS_UNAVAILABLE: {
    message: 'Redis does not answer: {reason}',
    status: 'UNAVAILABLE',
    retry: 'after-reconnect',
    blame: 'operator',
    hint: 'Start Redis, or look at NOVA_REDIS_URL; meanwhile what uses it does without.',
  },
  REDIS_TIMEOUT: {
    message: 'Redis did not answer within {ms} ms; the command may have been carried out',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Redis is paused, overloaded or far away: look at its latency (redis-cli --latency).',
  },
  REDIS_REFUSED: {
    message: 'Redis refused {command}: {reason}',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Read the reason: full memory, a wrong password, or a server that only reads.',
  },
});
