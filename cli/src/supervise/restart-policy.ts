import { type Backoff, backoffMs } from '@nova/time';

/** Waits before restarts: soon at first, then slower, so that a broken part does not eat the CPU. */
export const RESTART_BACKOFF: Backoff = { initialMs: 200, factor: 2, maxMs: 10_000, jitter: 0.2 };

/** A part that ran this long was healthy: its next restart is a first one again. */
export const HEALTHY_AFTER_MS = 30_000;

/** Decides how long to wait before the next start of one part. It never gives up. */
export class RestartPolicy {
  #attempt = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** How many restarts in a row, without a healthy run between them. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Told that the part ended after `upMs`; returns the wait before it is started again. */
  ended(upMs: number): number {
    this.#attempt = upMs >= HEALTHY_AFTER_MS ? 1 : this.#attempt + 1;
    return backoffMs(RESTART_BACKOFF, this.#attempt, this.#random);
  }
}
