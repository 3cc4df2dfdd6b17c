/** Waits that grow by `factor` from `initialMs` to `maxMs`, each shortened by up to `jitter` (0..1). */
export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: number;
}

/** Milliseconds to wait before attempt number `attempt` (1 = the first retry). */
export function backoffMs(backoff: Backoff, attempt: number, random = Math.random): number {
  const full = Math.min(backoff.maxMs, backoff.initialMs * backoff.factor ** (attempt - 1));
  return full * (1 - backoff.jitter * random());
}
