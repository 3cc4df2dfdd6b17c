const DAY_SECONDS = 86_400;
const HALF_DAY_SECONDS = DAY_SECONDS / 2;
/** How far around midnight lines may stand out of order. */
const STRAGGLER_SECONDS = 600;
/** Going back further than this is no disorder (and no end of summer time): a midnight has passed. */
const DISORDER_SECONDS = 7200;

/** What was remarkable about a time. */
export type ClockNote = 'taken as the next day' | 'from before midnight';

/** The time of a line. */
export interface LineTime {
  /** Milliseconds since 1970, UTC. */
  readonly atMs: number;
  readonly note?: ClockNote;
}

/**
 * Turns the times of day of a log's lines, in their order, into times. States: the day (moved by
 * midnights and by lines that name a date) and the time of the line before.
 *
 *   back by more than 12 hours   midnight has passed, the next day begins
 *   back by more than 2 hours    the same, with a note: it may also be a clock of 12 hours, which
 *                                nothing in the line tells; so times stay in the order of the lines
 *   23:50 or later after 00:10 or earlier   a late line from before midnight, with a note
 *   anything else                the same day
 */
export class LogClock {
  #dayMs: number | undefined;
  #seconds = 0;
  #started = false;

  /** @param date day of the first line, `YYYY-MM-DD`; undefined when only the lines can tell. */
  constructor(date: string | undefined) {
    this.#dayMs = date === undefined ? undefined : dayOf(date);
  }

  /** Time of the line before; undefined before the first time, or while no day is known. */
  get lastMs(): number | undefined {
    return this.#started && this.#dayMs !== undefined
      ? this.#dayMs + this.#seconds * 1000
      : undefined;
  }

  /** The time of a line that shows `seconds` of the day; undefined while no day is known. */
  at(seconds: number, date?: string): LineTime | undefined {
    if (date !== undefined) return this.#set(dayOf(date), seconds);
    if (this.#dayMs === undefined) return undefined;
    if (!this.#started) return this.#set(this.#dayMs, seconds);
    const step = seconds - this.#seconds;
    if (step < -DISORDER_SECONDS) {
      const note = step < -HALF_DAY_SECONDS ? undefined : 'taken as the next day';
      return this.#set(this.#dayMs + DAY_SECONDS * 1000, seconds, note);
    }
    if (isStraggler(this.#seconds, seconds)) {
      return this.#set(this.#dayMs - DAY_SECONDS * 1000, seconds, 'from before midnight');
    }
    return this.#set(this.#dayMs, seconds);
  }

  #set(dayMs: number, seconds: number, note?: ClockNote): LineTime {
    this.#dayMs = dayMs;
    this.#seconds = seconds;
    this.#started = true;
    return { atMs: dayMs + seconds * 1000, ...(note === undefined ? {} : { note }) };
  }
}

function isStraggler(before: number, now: number): boolean {
  return before <= STRAGGLER_SECONDS && now >= DAY_SECONDS - STRAGGLER_SECONDS;
}

function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}
