interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * The time, the timers and the randomness of a simulation, in place of those of the process: nothing
 * happens but one timer after the other, and what follows from it. Needs code that waits by the
 * global timers and promises alone.
 */
export class VirtualTime {
  readonly #real = {
    setTimeout,
    clearTimeout,
    setImmediate,
    performance,
    Date,
    random: Math.random,
  };
  readonly #timers = new Map<object, Timer>();
  #nowMs = 0;
  #order = 0;

  /** Milliseconds since the simulation began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Takes the place of the process's own until {@link restore}. */
  install(random: () => number): void {
    const now = () => this.#nowMs;
    const RealDate = this.#real.Date;
    class VirtualDate extends RealDate {
      constructor(value: number | string = EPOCH_MS + now()) {
        super(value);
      }
      static override now(): number {
        return EPOCH_MS + now();
      }
    }
    Math.random = random;
    put('performance', { now });
    put('Date', VirtualDate);
    put('setTimeout', (run: () => void, ms = 0) => this.#add(run, ms));
    put('setImmediate', (run: () => void) => this.#add(run, 0));
    put('clearTimeout', (timer: object | undefined) => {
      if (timer !== undefined) this.#timers.delete(timer);
    });
  }

  restore(): void {
    const { random, ...globals } = this.#real;
    Math.random = random;
    for (const [name, value] of Object.entries(globals)) put(name, value);
  }

  /** Lets time pass until the condition holds; false when it does not within `ms`. */
  async run(holds: () => boolean, ms: number): Promise<boolean> {
    const endsAtMs = this.#nowMs + ms;
    for (;;) {
      // Whatever follows from the last timer without waiting happens before this resolves.
      await new Promise<void>((resolve) => this.#real.setImmediate(resolve));
      if (holds()) return true;
      const next = this.#next();
      if (next === undefined || next[1].atMs > endsAtMs) {
        this.#nowMs = endsAtMs;
        return false;
      }
      const [handle, timer] = next;
      this.#timers.delete(handle);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.run();
    }
  }

  #add(run: () => void, ms: number): object {
    const handle = { unref: () => handle, ref: () => handle };
    this.#order += 1;
    // A timer is never due in the moment in which it is set: else time would stand still.
    const atMs = this.#nowMs + Math.max(0.01, ms);
    this.#timers.set(handle, { atMs, order: this.#order, run });
    return handle;
  }

  #next(): [object, Timer] | undefined {
    let first: [object, Timer] | undefined;
    for (const entry of this.#timers) {
      if (first === undefined || isBefore(entry[1], first[1])) first = entry;
    }
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function put(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
