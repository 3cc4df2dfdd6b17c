import type { LineContent, NotUnderstood } from './parsed-line.ts';

/** What a client writes after its marker, and the name of the phrase for the report. */
export interface ServerLine {
  readonly content: LineContent;
  readonly phrase: string;
}

/*
 * A nick has no spaces. Some clients (the one of the older Ubuntu logs) write a space after every
 * closing bracket, in nicks too: `bur[n] er`. Such a nick is taken as it is written.
 */
const NICK = '(?:[^\\s]|(?<=\\]) )+';
// The host is user@host in brackets or parentheses; user names may contain brackets.
const HOST = '[ \\t]+[\\[(][^\\n]*@[^\\n]*[\\])]';
const ANY_HOST = '(?:[ \\t]+[\\[(][^\\n]*[\\])])?';
const CHANNEL = '(?:[ \\t]+(?:the channel[ \\t]+)?[#&][^\\s]*)';
const REASON = '(?:[ \\t]+[\\[("][^\\n]*)?';

interface Phrase {
  readonly name: string;
  readonly pattern: RegExp;
  /** 'sure' phrases hold after every marker; others only after markers that no action begins with. */
  readonly sure: boolean;
  content(nick: string, other: string): LineContent;
}

const join = (nick: string): LineContent => ({ kind: 'join', nick });
const leave = (nick: string): LineContent => ({ kind: 'leave', nick });
const rename = (from: string, to: string): LineContent => ({ kind: 'rename', from, to });

const PHRASES: readonly Phrase[] = [
  {
    name: 'nick [host] has joined #channel',
    pattern: new RegExp(`^(${NICK})${HOST}[ \\t]+has joined${CHANNEL}$`),
    sure: true,
    content: join,
  },
  {
    name: 'nick [host] has left #channel [reason]',
    pattern: new RegExp(`^(${NICK})${HOST}[ \\t]+has left${CHANNEL}${REASON}$`),
    sure: true,
    content: leave,
  },
  {
    name: 'nick [host] has quit [reason]',
    pattern: new RegExp(
      `^(${NICK})${HOST}[ \\t]+has quit(?:[ \\t]+(?:IRC|[#&][^\\s]*))?${REASON}$`,
    ),
    sure: true,
    content: leave,
  },
  {
    name: 'Joins: nick (host)',
    pattern: new RegExp(`^Joins:[ \\t]+(${NICK})${HOST}$`),
    sure: true,
    content: join,
  },
  {
    name: 'Parts: nick (host)',
    pattern: new RegExp(`^(?:Parts|Quits):[ \\t]+(${NICK})${HOST}${REASON}$`),
    sure: true,
    content: leave,
  },
  {
    name: 'nick has joined #channel',
    pattern: new RegExp(`^(${NICK})${ANY_HOST}[ \\t]+(?:has )?joined${CHANNEL}$`),
    sure: false,
    content: join,
  },
  {
    name: 'nick has left #channel',
    pattern: new RegExp(`^(${NICK})${ANY_HOST}[ \\t]+(?:has )?left${CHANNEL}${REASON}$`),
    sure: false,
    content: leave,
  },
  {
    name: 'nick has quit',
    pattern: new RegExp(`^(${NICK})${ANY_HOST}[ \\t]+(?:has )?quit(?:[ \\t]+IRC)?${REASON}$`),
    sure: false,
    content: leave,
  },
  {
    name: 'nick entered the room',
    pattern: new RegExp(`^(${NICK})${ANY_HOST}[ \\t]+(?:has )?(?:entered|joined) the room\\.?$`),
    sure: false,
    content: join,
  },
  {
    name: 'nick left the room',
    pattern: new RegExp(`^(${NICK})${ANY_HOST}[ \\t]+(?:has )?left the room\\.?$`),
    sure: false,
    content: leave,
  },
];

const RENAME = new RegExp(`^(${NICK})[ \\t]+is now known as[ \\t]+(${NICK})$`);

const REASONS: readonly (readonly [RegExp, NotUnderstood])[] = [
  [/^mode[/ ]|\bsets mode\b|^ServerMode\/|^mode\b/, 'mode'],
  [/\bkicked\b/, 'kick'],
  [/^Topic\b|\b(?:changes|changed|set|sets) (?:the )?topic\b/, 'topic'],
  [/^net(?:joined|split)|^Netsplit|^You(?:'re| are) now|^Now talking|^Irssi:/, 'server message'],
];

/** Lines longer than this are no server lines (IRC allows 512 bytes); keeps the patterns cheap. */
const MAX_SERVER_LINE = 2000;

/**
 * Reads what follows the marker of a server line. `===` and `*` also begin actions (`=== bob
 * waves`): after them only phrases that no person types are taken, the rest is reported.
 */
export function readServerLine(marker: string, rest: string): ServerLine {
  if (rest.length > MAX_SERVER_LINE) return other('unknown shape');
  const actionsToo = marker === '===' || marker === '*';
  for (const phrase of PHRASES) {
    if (actionsToo && !phrase.sure) continue;
    const found = phrase.pattern.exec(rest);
    if (found !== null) {
      return { content: phrase.content(tidy(found[1]), ''), phrase: `${marker} ${phrase.name}` };
    }
  }
  // A single star in front of this is what /me looks like.
  const renamed = marker === '*' ? null : RENAME.exec(rest);
  if (renamed !== null) {
    return {
      content: rename(tidy(renamed[1]), tidy(renamed[2])),
      phrase: `${marker} nick is now known as nick`,
    };
  }
  const known = REASONS.find(([pattern]) => pattern.test(rest));
  return other(known?.[1] ?? (actionsToo ? 'action' : 'server message'));
}

function other(reason: NotUnderstood): ServerLine {
  return { content: { kind: 'other', reason }, phrase: '' };
}

function tidy(nick: string | undefined): string {
  return (nick ?? '').trim();
}
