import type { Epoch, LogHead } from './log-source.ts';

/** What a new look at the log says about what was known of it. */
export interface LogChange {
  /** Positions at or below are still what they were. */
  readonly kept: bigint;
  /** Whether something above was known, and is gone or another one now. */
  readonly isLost: boolean;
}

/**
 * The log as this relay knows it, so that it sees when another one takes its place: a backup, or a
 * standby that lacks the last commits. Up to the first position of the first epoch that is new here
 * the two are one; where none is new, up to the head.
 */
export class KnownLog {
  #epochs: readonly Epoch[] = [];
  #head = 0n;

  /** The epoch in which the log grew when last looked at; '' before that. */
  epoch(): string {
    return this.#epochs.at(-1)?.epoch ?? '';
  }

  /**
   * Takes over what was read; undefined when it only has grown.
   *
   * @param reached the highest position that anybody of this relay has got to
   */
  learn({ position, epochs }: LogHead, reached: bigint): LogChange | undefined {
    const before = this.#epochs;
    const known = reached > this.#head ? reached : this.#head;
    this.#epochs = epochs;
    this.#head = position;
    const isOther = before.length > 0 && before.at(-1)?.epoch !== epochs.at(-1)?.epoch;
    if (!isOther && position >= known) return undefined;
    const added = before.length === 0 ? undefined : epochs.find(isNewTo(before));
    const end = added === undefined ? position : added.firstPosition - 1n;
    const kept = end < position ? end : position;
    return { kept, isLost: known > kept };
  }
}

function isNewTo(before: readonly Epoch[]): (one: Epoch) => boolean {
  const names = new Set(before.map(({ epoch }) => epoch));
  return ({ epoch }) => !names.has(epoch);
}
