import type { LineContent, ParsedLine, WrittenTime } from './parsed-line.ts';
import { readServerLine } from './server-line.ts';
import { isDate, readStamp } from './stamp.ts';

// `<nick> text`, `<@nick> text`, `< nick> text`, HexChat's `<nick>` + tab, and `<nick>` alone.
const MESSAGE = /^[ \t]*<([^>\n]*)>(?:[ \t](.*))?$/s;
const SERVER_LINE = /^[ \t]*(===|\*\*\*|-!-|-->|<--|--|\*)[ \t]+(?:\|[ \t]+)?(.*)$/s;
const NOTICE = /^[ \t]*-[^\s-][^\s]*- /;
// `--- Day changed Sun Dec 26 2004`, `--- Log opened Sat Dec 25 09:14:22 2004` (irssi, HexChat)
const MARKER =
  /^(?:---|\*\*\*\*) (?:Day changed|Log opened|Log closed|BEGIN LOGGING AT|ENDING LOGGING AT) (.+)$/i;
const MARKER_TIME =
  /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2})(?: (\d{2}):(\d{2}):(\d{2}))? (\d{4})$/;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** Reads one line of a chat log. Never throws; what is not understood comes back as `other`. */
export function parseLine(line: string): ParsedLine {
  if (line.trim() === '') return { content: { kind: 'blank' } };
  const marker = readMarker(line);
  if (marker !== undefined) return marker;
  const stamp = readStamp(line);
  if (stamp === 'impossible') return { content: { kind: 'other', reason: 'impossible time' } };
  if (stamp === 'none') return parseUntimed(line);
  const read =
    stamp.tabbed && stamp.date !== undefined ? readColumns(stamp.rest) : readBody(stamp.rest);
  const time: WrittenTime =
    stamp.date === undefined
      ? { seconds: stamp.seconds }
      : { seconds: stamp.seconds, date: stamp.date };
  return {
    content: read.content,
    time,
    ...(stamp.channel === undefined ? {} : { channel: stamp.channel }),
    ...(read.content.kind === 'other' ? {} : { grammar: `${stamp.shape} ${read.phrase}` }),
  };
}

interface Body {
  readonly content: LineContent;
  readonly phrase: string;
}

function readBody(text: string): Body {
  const message = MESSAGE.exec(text);
  if (message !== null) return toMessage(message[1] ?? '', message[2] ?? '', '<nick> text');
  const server = SERVER_LINE.exec(text);
  if (server !== null) return readServerLine(server[1] ?? '', server[2] ?? '');
  return {
    content: { kind: 'other', reason: NOTICE.test(text) ? 'notice' : 'unknown shape' },
    phrase: '',
  };
}

// WeeChat separates time, nick (or marker) and text by tabs.
function readColumns(text: string): Body {
  const tab = text.indexOf('\t');
  const prefix = tab === -1 ? '' : text.slice(0, tab).trim();
  if (prefix === '') return { content: { kind: 'other', reason: 'unknown shape' }, phrase: '' };
  const rest = text.slice(tab + 1);
  if (prefix === '*') return { content: { kind: 'other', reason: 'action' }, phrase: '' };
  if (prefix === '-->' || prefix === '<--' || prefix === '--') return readServerLine(prefix, rest);
  if (/\s/.test(prefix)) return { content: { kind: 'other', reason: 'unknown shape' }, phrase: '' };
  return toMessage(prefix, rest, 'nick<TAB>text');
}

function parseUntimed(line: string): ParsedLine {
  if (MESSAGE.test(line)) return { content: { kind: 'other', reason: 'no time' } };
  const server = SERVER_LINE.exec(line);
  if (server === null) return { content: { kind: 'other', reason: 'unknown shape' } };
  const read = readServerLine(server[1] ?? '', server[2] ?? '');
  return read.content.kind === 'other'
    ? { content: read.content }
    : { content: read.content, grammar: read.phrase };
}

function toMessage(written: string, text: string, phrase: string): Body {
  const nick = bareNick(written);
  return nick === ''
    ? { content: { kind: 'other', reason: 'bad nick' }, phrase: '' }
    : { content: { kind: 'message', nick, text }, phrase };
}

/** The nick without the mark of its rank (`@bob`, `+bob`; a nick cannot begin with one). */
function bareNick(written: string): string {
  const nick = written.trim();
  return /^[@+%&~!]./s.test(nick) ? nick.slice(1).trim() : nick;
}

function readMarker(line: string): ParsedLine | undefined {
  const found = MARKER.exec(line);
  if (found === null) return undefined;
  const time = markerTime(found[1] ?? '');
  return time === undefined
    ? { content: { kind: 'other', reason: 'impossible time' } }
    : { content: { kind: 'marker' }, time, grammar: '--- Day changed, Log opened, Log closed' };
}

function markerTime(text: string): WrittenTime | undefined {
  const found = MARKER_TIME.exec(text.trim());
  if (found === null) return undefined;
  const [, month = '', day = '', hour = '0', minute = '0', second = '0', year = ''] = found;
  const index = MONTHS.indexOf(month);
  const number = String(index / 3 + 1).padStart(2, '0');
  const date = `${year}-${number}-${day.padStart(2, '0')}`;
  if (index % 3 !== 0 || !isDate(date)) return undefined;
  return { seconds: Number(hour) * 3600 + Number(minute) * 60 + Number(second), date };
}
