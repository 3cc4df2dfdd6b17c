import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';

/**
 * Settles as `work` does, or rejects with TIME_DEADLINE_EXCEEDED after `ms`. The work itself goes
 * on: give it a signal as well where it can be stopped.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NovaError(errors.TIME_DEADLINE_EXCEEDED, { what, ms }));
    }, ms);
  });
  // Whoever loses the race must not become an unhandled rejection.
  work.catch(() => {});
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
