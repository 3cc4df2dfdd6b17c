import type { Clock } from '@nova/time';

/** How much the last statement counts against those before it. */
const WEIGHT = 0.3;

/** How long statements take at present, to say how long a caller would wait. */
export class Pace {
  readonly #clock: Clock;
  #usualMs = 0;
  #startedMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A statement begins; call what is returned when it has ended. */
  begin(): () => void {
    const startedMs = this.#clock.monotonicMs();
    this.#startedMs = startedMs;
    return () => {
      const tookMs = this.#clock.monotonicMs() - startedMs;
      this.#usualMs += WEIGHT * (tookMs - this.#usualMs);
      this.#startedMs = undefined;
    };
  }

  /** Time until the `statements`-th statement after the one in work will have ended. */
  waitMs(statements: number): number {
    const soFarMs = this.#startedMs === undefined ? 0 : this.#clock.monotonicMs() - this.#startedMs;
    // One that takes longer than usual may take as long again: the database is slow now.
    const eachMs = Math.max(this.#usualMs, soFarMs);
    return Math.max(0, this.#usualMs - soFarMs) + statements * eachMs;
  }
}
