import type { ConsumerSettings } from './settings.ts';

/** What a round holds before anything is known of this database. */
export const FIRST_EVENTS = 1000;
const LEAST_EVENTS = 100;
/** A statement has 1.5 s by default, and a round is several that share its time. */
const AIM_MS = 300;

/**
 * How many events the next round takes: what a database applies in 300 ms, as measured by full rounds,
 * at most `roundEvents`. The more there are in one, the more of them share rows, marks and the commit;
 * the slower the database, the nearer its statements are to their time limit.
 */
export class RoundPace {
  readonly #most: number;
  #events: number;

  constructor({ roundEvents }: Pick<ConsumerSettings, 'roundEvents'>) {
    this.#most = roundEvents;
    this.#events = Math.min(FIRST_EVENTS, roundEvents);
  }

  get events(): number {
    return this.#events;
  }

  /** Notes how long a round took; one that was half empty says nothing of a full one. */
  took(events: number, ms: number): void {
    if (events < this.#events / 2) return;
    const fitting = Math.round((events * AIM_MS) / Math.max(ms, 1));
    const within = Math.min(Math.max(fitting, this.#events / 2), this.#events * 2);
    const least = Math.min(LEAST_EVENTS, this.#most);
    this.#events = Math.ceil(Math.min(Math.max(within, least), this.#most));
  }
}
