/** Wakes whoever waits. A call that comes while nobody waits is remembered, once. */
export class Signal {
  #isSet = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  /** Resolves at the next notification, after `ms`, or when `stop` aborts; one waiter at a time. */
  async wait(ms: number, stop: AbortSignal): Promise<void> {
    if (!this.#isSet && !stop.aborted) {
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          stop.removeEventListener('abort', end);
          this.#wake = undefined;
          resolve();
        };
        const timer = setTimeout(end, Math.max(0, ms));
        stop.addEventListener('abort', end);
        this.#wake = end;
      });
    }
    this.#isSet = false;
  }
}
