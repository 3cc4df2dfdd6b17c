import { type Clock, sleep } from '@nova/time';

/** Lets at most so many events through per second, evenly. */
export class Pace {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #freeAtMs = Number.NEGATIVE_INFINITY;

  /** @param perSecond 0 = as fast as it goes */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** Resolves when `events` more may be sent, or at once when `signal` aborts. */
  async take(events: number, signal: AbortSignal): Promise<void> {
    if (this.#perSecond === 0) return;
    const now = this.#clock.monotonicMs();
    const startMs = Math.max(now, this.#freeAtMs);
    this.#freeAtMs = startMs + (events / this.#perSecond) * 1000;
    if (startMs > now) await sleep(startMs - now, signal);
  }
}
