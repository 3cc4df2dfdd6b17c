import { Buffer } from 'node:buffer';
import type { FindingReason } from './finding.ts';
import { type ClockNote, LogClock } from './log-clock.ts';
import { parseLine } from './parse-line.ts';
import type { LineContent, ParsedLine } from './parsed-line.ts';
import type { RawLine } from './raw-line.ts';

/** An event's payload may have 256 KiB; ids, times and names of fields take less than 2 KiB. */
const MAX_CONTENT_BYTES = 254 * 1024;
/** JSON writes a control character as six. */
const MAX_ESCAPE = 6;
/** No network has longer ones; a longer one is some other text between `<` and `>`. */
const MAX_NICK_LENGTH = 128;

/** A line with its time, judged. */
export interface ReadLine {
  readonly number: number;
  readonly text: string;
  readonly content: LineContent;
  /** Its own time or that of the line before; undefined before the first. */
  readonly atMs: number | undefined;
  /** Absent on lines that are skipped, and on blank ones. */
  readonly grammar?: string;
  readonly skipped?: FindingReason;
  readonly altered?: FindingReason;
  readonly noted?: ClockNote;
}

/**
 * Reads a log's lines in their order: what they say and when. Knows nothing of users; the same
 * lines give the same answers each time, so that a file can be read twice.
 */
export class LogReader {
  readonly #clock: LogClock;
  #channel: string | undefined;

  /** @param date day of the first line, `YYYY-MM-DD`, unless the lines have dates of their own. */
  constructor(date: string | undefined) {
    this.#clock = new LogClock(date);
  }

  read(raw: RawLine): ReadLine {
    if (raw.text.includes('\0')) return this.#skip(raw, 'NUL');
    if (isTooLong(raw)) return this.#skip(raw, 'too long');
    const parsed = parseLine(raw.text);
    if (this.#isForeign(parsed)) return this.#skip(raw, 'another channel');
    const time = parsed.time && this.#clock.at(parsed.time.seconds, parsed.time.date);
    const skipped = reasonToSkip(raw, parsed, parsed.time !== undefined && time === undefined);
    if (skipped !== undefined) return this.#skip(raw, skipped);
    return {
      number: raw.number,
      text: raw.text,
      content: parsed.content,
      atMs: this.#clock.lastMs,
      ...(parsed.grammar === undefined ? {} : { grammar: parsed.grammar }),
      ...(raw.validUtf8 ? {} : { altered: 'invalid UTF-8' as const }),
      ...(time?.note === undefined ? {} : { noted: time.note }),
    };
  }

  #skip({ number, text }: RawLine, skipped: FindingReason): ReadLine {
    const content = { kind: 'other', reason: 'unknown shape' } as const;
    return { number, text, content, atMs: this.#clock.lastMs, skipped };
  }

  // A file is one conversation: lines of a second channel in it belong somewhere else.
  #isForeign({ channel }: ParsedLine): boolean {
    if (channel === undefined) return false;
    this.#channel ??= channel.toLowerCase();
    return channel.toLowerCase() !== this.#channel;
  }
}

function reasonToSkip(raw: RawLine, { content }: ParsedLine, dateless: boolean) {
  if (content.kind === 'other') return content.reason;
  const nicks = nicksOf(content);
  if (nicks.some((nick) => nick.length > MAX_NICK_LENGTH)) return 'bad nick';
  if (!raw.validUtf8 && nicks.some((nick) => nick.includes('\uFFFD'))) return 'nick is not UTF-8';
  return dateless ? 'no date' : undefined;
}

/** The nicks that occur in a line. */
export function nicksOf(content: LineContent): readonly string[] {
  if (content.kind === 'rename') return [content.from, content.to];
  return 'nick' in content ? [content.nick] : [];
}

function isTooLong({ cut, bytes, text }: RawLine): boolean {
  if (cut) return true;
  if (bytes * MAX_ESCAPE <= MAX_CONTENT_BYTES) return false;
  return Buffer.byteLength(JSON.stringify(text)) > MAX_CONTENT_BYTES;
}
