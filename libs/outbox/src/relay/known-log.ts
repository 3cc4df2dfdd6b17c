import type { Epoch, LogHead } from './log-source.ts';

/** What a new look at the log says about what was known of it. */
export interface LogChange {
  /** Positions at or below are still what they were. */
  readonly kept: bigint;
  /** Whether something above was known, and is gone or another one now. */
  readonly isLost: boolean;
}

/** What was known of the log when somebody went to look at it. */
export interface LogLook {
  readonly revision: number;
  /** The highest position that was known. */
  readonly known: bigint;
}

/**
 * The log as this relay knows it, so that it sees when another one takes its place: a backup, or a
 * standby that lacks the last commits. Up to the first position of the first epoch that is new here
 * the two are one; where none is new, up to the head.
 */
export class KnownLog {
  #epochs: readonly Epoch[] = [];
  #head = 0n;
  #revision = 0;

  /** The epoch in which the log grew when last looked at; '' before that. */
  epoch(): string {
    return this.#epochs.at(-1)?.epoch ?? '';
  }

  /**
   * Call it before the head is read: an answer can tell that something is gone only of what was known
   * before it was asked for, as two answers may come in another order than they were given.
   *
   * @param reached the highest position that anybody of this relay has got to
   */
  look(reached: bigint): LogLook {
    return { revision: this.#revision, known: this.#known(reached) };
  }

  /** Whether the log was seen to be another one since: what was read then says nothing. */
  isStale({ revision }: LogLook): boolean {
    return revision !== this.#revision;
  }

  /** Takes over what was read; undefined when it only has grown. */
  learn(look: LogLook, { position, epochs }: LogHead, reached: bigint): LogChange | undefined {
    const before = this.#epochs;
    const isOther = before.length > 0 && before.at(-1)?.epoch !== epochs.at(-1)?.epoch;
    this.#epochs = epochs;
    if (!isOther && position >= look.known) {
      if (position > this.#head) this.#head = position;
      return undefined;
    }
    // Another epoch is news whatever was learned meanwhile.
    const known = isOther ? this.#known(reached) : look.known;
    this.#head = position;
    this.#revision += 1;
    const added = before.length === 0 ? undefined : epochs.find(isNewTo(before));
    const end = added === undefined ? position : added.firstPosition - 1n;
    const kept = end < position ? end : position;
    return { kept, isLost: known > kept };
  }

  #known(reached: bigint): bigint {
    return reached > this.#head ? reached : this.#head;
  }
}

function isNewTo(before: readonly Epoch[]): (one: Epoch) => boolean {
  const names = new Set(before.map(({ epoch }) => epoch));
  return ({ epoch }) => !names.has(epoch);
}
