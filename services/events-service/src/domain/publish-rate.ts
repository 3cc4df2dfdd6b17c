const WINDOW_MS = 60_000;

interface Sample {
  readonly atMs: number;
  readonly published: bigint;
}

/** Events published per second over the last minute, from samples of how many there are in all. */
export class PublishRate {
  #samples: Sample[] = [];

  /** Notes how many events of the log were published at a time of the monotonic clock. */
  note(atMs: number, published: bigint): void {
    const last = this.#samples.at(-1);
    // Less than before: the log was restored, or a bound was taken instead of a count.
    if (last !== undefined && published < last.published) this.#samples = [];
    this.#samples.push({ atMs, published });
    const recent = this.#samples.filter((sample) => sample.atMs >= atMs - WINDOW_MS);
    // One older sample stays, so that the window is always covered.
    const older = this.#samples.at(-recent.length - 1);
    this.#samples = older === undefined ? recent : [older, ...recent];
  }

  /** Zero until there are two samples. */
  perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return (Number(last.published - first.published) * 1000) / (last.atMs - first.atMs);
  }
}
