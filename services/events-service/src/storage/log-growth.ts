import type { Part } from '@nova/lifecycle';
import { WAKE_CHANNEL } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { sleep } from '@nova/time';

/** Tells those who follow the log that it has grown. */
export interface LogGrowth {
  /**
   * Taken before the log is read; `wait` then resolves at the first growth since it was taken,
   * after `withinMs`, or when `signal` aborts. So nothing that is appended between the read and the
   * wait is overlooked.
   */
  watch(): { wait(withinMs: number, signal: AbortSignal): Promise<void> };
  /** Says that the log has grown. */
  tell(): void;
}

/**
 * Listens for the notification that follows each commit, on one connection for all followers. A
 * lost notification costs a follower at most its own `withinMs`.
 */
export function createLogGrowth(database: Database): LogGrowth & { readonly part: Part } {
  // Made when somebody watches: a notification that nobody waits for costs nothing.
  let bell: PromiseWithResolvers<void> | undefined;
  const tell = () => {
    bell?.resolve();
    bell = undefined;
  };
  return {
    part: database.listen(WAKE_CHANNEL, tell),
    tell,
    watch() {
      bell ??= Promise.withResolvers<void>();
      const { promise: growth } = bell;
      return {
        async wait(withinMs, signal) {
          const over = new AbortController();
          await Promise.race([growth, sleep(withinMs, AbortSignal.any([over.signal, signal]))]);
          over.abort();
        },
      };
    },
  };
}
