import type { LogPosition } from '@nova/events';
import { Signal } from '@nova/time';
import type { LogReader, LogStanding } from './log-reader.ts';

/**
 * The epochs of the log as last told. A position is valid while its epoch is known and it lies below
 * the next epoch's first position: else the log has lost it, and what stands there now is another
 * event.
 */
export class KnownEpochs {
  /** Epoch → first position of the next one; undefined for the present epoch. */
  #ends = new Map<string, bigint | undefined>();
  #present: string | undefined;
  #presentBegins = 0n;
  /** Counts how often the log told of other epochs than before. */
  revision = 0;
  /** Told of each. */
  readonly news = new Signal();

  /**
   * Asks the log how far it is and takes over its epochs; again, when others were learnt while it
   * answered: this answer may be the older one.
   */
  async ask(log: Pick<LogReader, 'getLog'>): Promise<LogStanding> {
    for (;;) {
      const { revision } = this;
      const standing = await log.getLog();
      if (revision !== this.revision && !this.#areSame(standing)) continue;
      this.learn(standing);
      return standing;
    }
  }

  /** Takes over what the log says. */
  learn({ epochs }: Pick<LogStanding, 'epochs'>): void {
    if (this.#areSame({ epochs })) return;
    this.revision += 1;
    this.news.notify();
    this.#ends = new Map(
      epochs.map(({ epoch }, index) => [epoch, epochs[index + 1]?.firstPosition]),
    );
    this.#present = epochs.at(-1)?.epoch;
    this.#presentBegins = epochs.at(-1)?.firstPosition ?? 0n;
  }

  knows(epoch: string): boolean {
    return this.#ends.has(epoch);
  }

  isValid({ epoch, position }: LogPosition): boolean {
    if (!this.#ends.has(epoch)) return false;
    const end = this.#ends.get(epoch);
    return end === undefined || position < end;
  }

  /** The position, or where its epoch was cut off: whatever follows in the log is after it. */
  clip(at: LogPosition): LogPosition | undefined {
    if (this.isValid(at)) return at;
    const end = this.#ends.get(at.epoch);
    return end === undefined ? undefined : { epoch: at.epoch, position: end - 1n };
  }

  /**
   * The last position at or below `at` whose event is still the one that it was. Of an epoch that
   * the log does not know (it was restored to an earlier state) nothing is certain: then what came
   * before the present epoch counts as kept.
   */
  lastKept(at: LogPosition): bigint {
    const { position } = this.clip(at) ?? { position: this.#presentBegins - 1n };
    return position < at.position ? position : at.position;
  }

  /** The epoch in which the log grows. */
  present(): string {
    return this.#present ?? '';
  }

  /** All epochs, oldest first, each with the first position that is no longer its own. */
  all(): readonly { readonly epoch: string; readonly end: bigint | null }[] {
    return [...this.#ends].map(([epoch, end]) => ({ epoch, end: end ?? null }));
  }

  // A log that was restored may have as many as before, and others.
  #areSame({ epochs }: Pick<LogStanding, 'epochs'>): boolean {
    return epochs.length === this.#ends.size && epochs.every(({ epoch }) => this.#ends.has(epoch));
  }
}
