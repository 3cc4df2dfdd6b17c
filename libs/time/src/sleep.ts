import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits `ms` milliseconds. Resolves early, without an error, when `signal` aborts: loops look at
 * the signal themselves.
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  try {
    await delay(Math.max(0, ms), undefined, signal ? { signal } : {});
  } catch (thrown) {
    if (!signal?.aborted) throw thrown;
  }
}
