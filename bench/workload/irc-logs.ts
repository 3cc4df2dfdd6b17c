import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** What a file says about its conversation, counted without any code of nova. */
export interface CountedLog {
  readonly conversationId: string;
  messages: number;
  /** Messages that begin with the nick of somebody in the file. */
  mentions: number;
  /** User ids of those who are in the room at the end. */
  readonly members: Set<string>;
}

/** The UUIDv5 of a name in nova's namespace, told once more from RFC 9562. */
function derived(name: string): string {
  const uuid5 = (namespace: Buffer, text: string) => {
    const hash = createHash('sha1').update(namespace).update(text).digest().subarray(0, 16);
    hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
    hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
    return hash;
  };
  const hex = uuid5(uuid5(Buffer.alloc(16), 'nova'), name).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// A space in a nick is an artefact of the client that wrote these logs: it follows a bracket.
const NICK = String.raw`((?:\S|(?<=\]) )+)`;
const SAID = new RegExp(String.raw`^\[\d\d:\d\d\] <${NICK}> ?(.*)$`);
const JOINED = new RegExp(String.raw`^=== ${NICK}\s+\[.*@.*\]\s+has joined [#&]\S*\s*$`);
const LEFT = new RegExp(String.raw`^=== ${NICK}\s+\[.*@.*\]\s+has left [#&]\S*(\s+\[.*)?$`);
const RENAMED = new RegExp(String.raw`^=== ${NICK}\s+is now known as\s+${NICK}$`);

type Line =
  | { readonly what: 'said'; readonly nick: string; readonly text: string }
  | { readonly what: 'joined' | 'left'; readonly nick: string }
  | { readonly what: 'renamed'; readonly nick: string; readonly to: string };

function readLine(line: string): Line | undefined {
  const nick = (found: RegExpExecArray, n = 1) => (found[n] ?? '').trimEnd();
  const said = SAID.exec(line);
  if (said !== null) return { what: 'said', nick: nick(said), text: said[2] ?? '' };
  const joined = JOINED.exec(line);
  if (joined !== null) return { what: 'joined', nick: nick(joined) };
  const left = LEFT.exec(line);
  if (left !== null) return { what: 'left', nick: nick(left) };
  const renamed = RENAMED.exec(line);
  if (renamed !== null) return { what: 'renamed', nick: nick(renamed), to: nick(renamed, 2) };
  return undefined;
}

function countFile(network: string, file: string): CountedLog {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => readLine(line.replace(/\r$/, '')) ?? []);
  // Whoever was seen only in leaving was not there to be spoken to.
  const nicks = new Set(
    lines.flatMap((one) => {
      if (one.what === 'left') return [];
      return one.what === 'renamed' ? [one.nick, one.to] : [one.nick];
    }),
  );
  const counted: CountedLog = {
    conversationId: derived(`irc:${network}:${basename(file)}`),
    messages: 0,
    mentions: 0,
    members: new Set(),
  };
  // Who bears a nick keeps the id of their first one.
  const bearers = new Map<string, string>();
  const userOf = (nick: string) => {
    const known = bearers.get(nick) ?? derived(`irc:${network}:${nick}`);
    bearers.set(nick, known);
    return known;
  };
  for (const [index, line] of lines.entries()) {
    const user = userOf(line.nick);
    // Whoever comes first in the file has opened the conversation.
    if (index === 0) counted.members.add(user);
    if (line.what === 'renamed') {
      bearers.delete(line.nick);
      bearers.set(line.to, user);
    } else if (line.what === 'left') counted.members.delete(user);
    else counted.members.add(user);
    if (line.what !== 'said') continue;
    counted.messages += 1;
    if (mentions(line.text, nicks)) counted.mentions += 1;
  }
  return counted;
}

function mentions(text: string, nicks: ReadonlySet<string>): boolean {
  for (const { index } of text.matchAll(/[:,]/g)) {
    const written = text.slice(0, index);
    if (nicks.has(written) || (written.endsWith('] ') && nicks.has(written.trimEnd()))) return true;
    if (index > 40) break;
  }
  return false;
}

/** Every file that has anything of a conversation in it. */
export function countLogs(network: string, files: readonly string[]): readonly CountedLog[] {
  return files
    .map((file) => countFile(network, file))
    .filter(({ members, messages }) => members.size > 0 || messages > 0);
}
