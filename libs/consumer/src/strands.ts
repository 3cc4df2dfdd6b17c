import type { Delivery } from './delivery.ts';
import { FIRST_EVENTS } from './round-pace.ts';
import type { ConsumerSettings } from './settings.ts';

/** Applies deliveries in one round; rejects when it has to be tried again. */
export type ApplyRound = (deliveries: readonly Delivery[]) => Promise<void>;

/** What strands are made of. */
export interface StrandsOptions {
  /** One for each strand; they may run at the same time. */
  readonly applies: readonly ApplyRound[];
  readonly settings: Pick<ConsumerSettings, 'roundEvents' | 'roundBytes'>;
  /** Asked before each round: whether no other may be under way. */
  readonly isAlone: () => boolean;
}

/**
 * What is read from the log, applied in rounds: within a strand one after the other, strands beside each
 * other. An aggregate is always in the same one, so its events keep their order; the process folds for
 * one strand while the database writes for another.
 */
export class Strands {
  readonly #options: StrandsOptions;
  readonly #strands: readonly Strand[];

  constructor(options: StrandsOptions) {
    this.#options = options;
    this.#strands = options.applies.map((apply) => new Strand(apply));
  }

  /**
   * Takes a delivery; where a round is full, waits until the one before it is applied. Rejects with
   * what that one rejected with.
   */
  async take(delivery: Delivery): Promise<void> {
    const strand = this.#strands[delivery.event.lane % this.#strands.length];
    if (strand === undefined) throw new RangeError(`there is no lane ${delivery.event.lane}`);
    const { roundEvents, roundBytes } = this.#options.settings;
    strand.take(delivery);
    // Larger ones bring nothing here: two are under way at a time.
    if (strand.events >= Math.min(roundEvents, FIRST_EVENTS) || strand.bytes >= roundBytes)
      await this.#begin(strand);
  }

  /** Applies what waits; rejects with what a round rejected with. */
  async flush(): Promise<void> {
    for (const strand of this.#strands) {
      if (strand.events > 0) await this.#begin(strand);
    }
    for (const strand of this.#strands) await strand.applied();
  }

  /** Resolves when nothing is in work any more, whatever came of it. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#strands.map((strand) => strand.applied()));
  }

  async #begin(strand: Strand): Promise<void> {
    const isAlone = this.#options.isAlone();
    for (const one of isAlone ? this.#strands : [strand]) await one.applied();
    strand.begin();
    if (isAlone) await strand.applied();
  }
}

class Strand {
  readonly #apply: ApplyRound;
  #waiting: Delivery[] = [];
  #bytes = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(apply: ApplyRound) {
    this.#apply = apply;
  }

  get events(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#bytes += delivery.event.payload.length;
  }

  begin(): void {
    const deliveries = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    this.#work = this.#apply(deliveries);
    // Whoever waits for it is told.
    this.#work.catch(() => {});
  }

  applied(): Promise<void> {
    return this.#work;
  }
}
