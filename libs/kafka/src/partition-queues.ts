/** Runs work one after the other per name, different names side by side. */
export class PartitionQueues {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` when everything put in before under `name` has settled, however it ended. */
  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    const result = before === undefined ? work() : before.then(work);
    const tail: Promise<void> = result.then(
      () => this.#leave(name, tail),
      () => this.#leave(name, tail),
    );
    this.#tails.set(name, tail);
    return result;
  }

  /** Resolves when nothing is in work. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }

  #leave(name: string, tail: Promise<void>): void {
    if (this.#tails.get(name) === tail) this.#tails.delete(name);
  }
}
