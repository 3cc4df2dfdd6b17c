/** What of the drain was done before its rate is taken: Node compiles what is hot meanwhile. */
const WARM_SHARE = 0.1;

/** Nothing acknowledged for so long: what is missing never comes, and the oracle shall say so. */
const STALLED_MS = 30_000;

/** Counts what is acknowledged while a backlog drains, and knows when it has. */
export class DrainClock {
  /** Resolves when everything is acknowledged, or nothing is any more. */
  readonly drained: Promise<void>;
  readonly #events: number;
  readonly #stalledMs: number;
  readonly #done = Promise.withResolvers<void>();
  #count = 0;
  #startedAt = 0;
  #warmAt = 0;
  #warmCount = 0;
  #endedAt = 0;
  #movedAt = 0;
  #watching: NodeJS.Timeout | undefined;

  constructor(events: number, stalledMs = STALLED_MS) {
    this.#events = events;
    this.#stalledMs = stalledMs;
    this.drained = this.#done.promise;
  }

  get count(): number {
    return this.#count;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#watch();
  }

  acknowledged(records: number): void {
    this.#count += records;
    this.#movedAt = performance.now();
    if (this.#warmAt === 0 && this.#count >= this.#events * WARM_SHARE) {
      this.#warmAt = performance.now();
      this.#warmCount = this.#count;
    }
    if (this.#count >= this.#events && this.#endedAt === 0) {
      this.#end();
    }
  }

  #end(): void {
    this.#endedAt = performance.now();
    clearInterval(this.#watching);
    this.#done.resolve();
  }

  #watch(): void {
    this.#movedAt = performance.now();
    this.#watching = setInterval(() => {
      if (performance.now() - this.#movedAt > this.#stalledMs) this.#end();
    }, 1000);
  }

  /** Events per second: after the first tenth, and from the start on. */
  values(): { readonly rate: number; readonly fromStart: number } {
    const perSecond = (events: number, ms: number) => (ms > 0 ? (events * 1000) / ms : 0);
    const fromStart = perSecond(this.#events, this.#endedAt - this.#startedAt);
    const steady = perSecond(this.#events - this.#warmCount, this.#endedAt - this.#warmAt);
    // A backlog that goes out in one send has no second part.
    return { rate: steady > 0 ? steady : fromStart, fromStart };
  }
}
