/** The only source of time below a service's entry point; specs pass a clock of their own. */
export interface Clock {
  /** Wall clock. Never used for order, leases or deadlines. */
  now(): Date;
  /** Milliseconds that never go back and go on while the process is stopped. */
  monotonicMs(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
