import { LANES } from '@nova/events';
import type { Part } from '@nova/lifecycle';
import type { Database } from '@nova/postgres';
import { Signal } from '@nova/time';

/**
 * Wakes whoever drains effects when some were written: this member, and where it does not hold all
 * lanes the others too, by a notification of the database after the commit and outside of it. One is
 * in flight; those asked for meanwhile become one more. A lost one costs the next poll.
 */
export class EffectBell {
  readonly #database: Pick<Database, 'notify' | 'listen'>;
  readonly #channel: string;
  readonly #work = new Signal();
  #lanesHeld = 0;
  #isRinging = false;
  #isAsked = false;

  constructor(database: Pick<Database, 'notify' | 'listen'>, consumer: string) {
    this.#database = database;
    this.#channel = `nova_effects_${consumer}`;
  }

  /** Effects were written and committed. */
  ring(): void {
    this.#work.notify();
    if (this.#lanesHeld === LANES) return;
    this.#isAsked = true;
    if (!this.#isRinging) void this.#tellOthers();
  }

  /** Resolves at the next ring, here or elsewhere, after `ms`, or when `stop` aborts. */
  wait(ms: number, stop: AbortSignal): Promise<void> {
    return this.#work.wait(ms, stop);
  }

  /** How many lanes this member drains from now on; those that are new may have work at once. */
  holds(lanes: number): void {
    if (lanes > this.#lanesHeld) this.#work.notify();
    this.#lanesHeld = lanes;
  }

  /** Hears the others while it runs. */
  listening(): Part {
    return this.#database.listen(this.#channel, () => this.#work.notify());
  }

  async #tellOthers(): Promise<void> {
    this.#isRinging = true;
    while (this.#isAsked) {
      this.#isAsked = false;
      await this.#database.notify(this.#channel).catch(() => {});
    }
    this.#isRinging = false;
  }
}
