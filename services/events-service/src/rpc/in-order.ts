import { Signal } from '@nova/time';

/** Long enough to wait in one go: who waits is told. */
const FOR_LONG_MS = 3_600_000;

/**
 * Answers in the order of their requests, of which so many may be unanswered: whoever takes in the
 * requests waits for `room`, whoever gives the answers iterates.
 */
export class InOrder<T> {
  readonly #most: number;
  readonly #stop: AbortSignal;
  readonly #unanswered: Promise<T>[] = [];
  readonly #added = new Signal();
  readonly #taken = new Signal();
  #ended = false;

  constructor(most: number, stop: AbortSignal) {
    this.#most = most;
    this.#stop = stop;
  }

  /** Resolves when one more may be added, or `stop` aborts. */
  async room(): Promise<void> {
    while (this.#unanswered.length >= this.#most && !this.#stop.aborted) {
      await this.#taken.wait(FOR_LONG_MS, this.#stop);
    }
  }

  /** A rejection reaches the iteration when its turn comes. */
  add(answer: Promise<T>): void {
    answer.catch(() => {});
    this.#unanswered.push(answer);
    this.#added.notify();
  }

  /** Nothing will be added any more. */
  end(): void {
    this.#ended = true;
    this.#added.notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const [next] = this.#unanswered;
      if (next !== undefined) {
        yield await next;
        // Only now: an answer that was not taken counts as unanswered.
        void this.#unanswered.shift();
        this.#taken.notify();
      } else if (this.#ended || this.#stop.aborted) {
        return;
      } else {
        await this.#added.wait(FOR_LONG_MS, this.#stop);
      }
    }
  }
}
