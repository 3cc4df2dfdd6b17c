/** The time that a line begins with. */
export interface Stamp {
  /** Its shape, such as `[HH:MM]` or `#channel YYYY-MM-DD HH:MM:SS`. */
  readonly shape: string;
  /** Seconds of the day, 0 to 86,399. */
  readonly seconds: number;
  /** `YYYY-MM-DD`, where the line says so. */
  readonly date?: string;
  readonly channel?: string;
  /** What follows it, without the one space or tab between. */
  readonly rest: string;
  /** True when a tab follows, as in the logs of WeeChat. */
  readonly tabbed: boolean;
}

/** A line without a time, or with one that no clock shows. */
export type NoStamp = 'none' | 'impossible';

const CHANNEL = '[#&][^\\s,:]+';
const DATE = '\\d{4}-\\d{2}-\\d{2}';
const TIME = '(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,]\\d{1,9})?)?';
const HALF_DAY = '(?: ?([AaPp])\\.?[Mm]\\.?)?';

// [09:14]  [09:14:22]  (09:14)  09:14  [09:14 PM], each after an optional channel and date.
const TIME_OF_DAY = new RegExp(
  `^(?:(${CHANNEL})[ \\t]+)?(?:(${DATE})(?:[ \\t]+|T))?(?:(${CHANNEL})[ \\t]+)?` +
    `([[(]?)${TIME}${HALF_DAY}(Z?)([\\])]?)(?:([ \\t])|$)`,
);
// [2004-12-25 09:14:22]
const DATE_AND_TIME = new RegExp(
  `^(?:(${CHANNEL})[ \\t]+)?\\[(${DATE})[ T]${TIME}Z?\\](?:([ \\t])|$)`,
);

const CLOSING: Readonly<Record<string, string>> = { '': '', '[': ']', '(': ')' };

/** Reads the time at the beginning of a line. Hours are those of a 24-hour clock unless AM or PM
 * is written; times are UTC. */
export function readStamp(line: string): Stamp | NoStamp {
  return readDateAndTime(line) ?? readTimeOfDay(line) ?? 'none';
}

function readTimeOfDay(line: string): Stamp | NoStamp | undefined {
  const found = TIME_OF_DAY.exec(line);
  if (found === null) return undefined;
  const [whole, before, date, between, open = '', hour, minute, second, half, zulu, close] = found;
  if (CLOSING[open] !== close || (zulu === 'Z' && open !== '')) return undefined;
  return toStamp(line, {
    whole,
    date,
    channel: before ?? between,
    shape: `${open}HH:MM${second === undefined ? '' : ':SS'}${half === undefined ? '' : ' AM'}${close}`,
    tabbed: found[11] === '\t',
    clock: { hour, minute, second, half },
  });
}

function readDateAndTime(line: string): Stamp | NoStamp | undefined {
  if (!line.includes('[')) return undefined;
  const found = DATE_AND_TIME.exec(line);
  if (found === null) return undefined;
  const [whole, channel, date, hour, minute, second] = found;
  return toStamp(line, {
    whole,
    date,
    channel,
    shape: `[YYYY-MM-DD HH:MM${second === undefined ? '' : ':SS'}]`,
    tabbed: found[6] === '\t',
    clock: { hour, minute, second, half: undefined },
  });
}

interface Clock {
  readonly hour: string | undefined;
  readonly minute: string | undefined;
  readonly second: string | undefined;
  readonly half: string | undefined;
}

interface Parts {
  readonly whole: string;
  readonly date: string | undefined;
  readonly channel: string | undefined;
  readonly shape: string;
  readonly tabbed: boolean;
  readonly clock: Clock;
}

function toStamp(line: string, parts: Parts): Stamp | NoStamp {
  const { whole, date, channel, shape, tabbed } = parts;
  const seconds = secondsOf(parts.clock);
  if (seconds === undefined || (date !== undefined && !isDate(date))) return 'impossible';
  const datePart = date === undefined || shape.includes('YYYY') ? '' : 'YYYY-MM-DD ';
  return {
    shape: `${channel === undefined ? '' : '#channel '}${datePart}${shape}`,
    seconds,
    rest: line.slice(whole.length),
    tabbed,
    ...(date === undefined ? {} : { date }),
    ...(channel === undefined ? {} : { channel }),
  };
}

function secondsOf({ hour, minute, second, half }: Clock): number | undefined {
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined;
    hours = (hours % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  }
  const minutes = Number(minute);
  const seconds = second === undefined ? 0 : Number(second);
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return hours * 3600 + minutes * 60 + seconds;
}

/** Whether `YYYY-MM-DD` is a day of the calendar. */
export function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
