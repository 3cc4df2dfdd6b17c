import { LogReader, nicksOf } from './log-reader.ts';
import type { RawLine } from './raw-line.ts';
import { type Person, Roster } from './roster.ts';

/** What the first reading of a file finds out for the second. */
export interface LogSummary {
  readonly lines: number;
  /** Lines that give events or could. */
  readonly understood: number;
  /** Nicks that speak, join or are a side of a nick change: those that can be mentioned. */
  readonly nicks: ReadonlySet<string>;
  readonly longestNick: number;
  /** Who first bears each nick. */
  readonly firstBearers: ReadonlyMap<string, Person>;
  /** The first person in the file. */
  readonly first: Person | undefined;
  /** Time of the first line that has one, milliseconds since 1970. */
  readonly startMs: number | undefined;
  /** Lines whose day nobody knows: neither the file's name nor a line says it. */
  readonly dateless: number;
}

/** Reads a file for the first time. */
export class LogScan {
  readonly #reader: LogReader;
  readonly #roster: Roster;
  readonly #nicks = new Set<string>();
  readonly #firstBearers = new Map<string, Person>();
  #first: Person | undefined;
  #startMs: number | undefined;
  #lines = 0;
  #understood = 0;
  #dateless = 0;
  #longestNick = 0;

  constructor({ network, date }: { network: string; date: string | undefined }) {
    this.#reader = new LogReader(date);
    this.#roster = new Roster(network);
  }

  push(raw: RawLine): void {
    this.#lines += 1;
    const { content, atMs, skipped } = this.#reader.read(raw);
    this.#startMs ??= atMs;
    if (skipped === 'no date') this.#dateless += 1;
    const [nick, to] = nicksOf(content);
    if (skipped !== undefined || nick === undefined) return;
    this.#understood += 1;
    const person = this.#note(nick, this.#roster.personOf(nick));
    this.#first ??= person;
    if (to !== undefined) this.#note(to, this.#roster.rename(nick, to));
    if (content.kind === 'leave') return;
    for (const mentionable of nicksOf(content)) {
      this.#nicks.add(mentionable);
      this.#longestNick = Math.max(this.#longestNick, mentionable.length);
    }
  }

  get summary(): LogSummary {
    return {
      lines: this.#lines,
      understood: this.#understood,
      nicks: this.#nicks,
      longestNick: this.#longestNick,
      firstBearers: this.#firstBearers,
      first: this.#first,
      startMs: this.#startMs,
      dateless: this.#dateless,
    };
  }

  #note(nick: string, person: Person): Person {
    if (!this.#firstBearers.has(nick)) this.#firstBearers.set(nick, person);
    return person;
  }
}
