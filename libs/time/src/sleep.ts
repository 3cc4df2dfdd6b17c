/**
 * Waits `ms` milliseconds. Resolves early, without an error, when `signal` aborts: loops look at
 * the signal themselves. By the global timers, so that a simulation may have a time of its own.
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, ms));
    signal?.addEventListener('abort', end);
  });
}
