import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a conversation must look like, known from making its log. */
export interface MadeConversation {
  readonly conversationId: string;
  messages: number;
  /** Messages that mention somebody, by the user id of whom. */
  readonly mentions: Map<string, number>;
  /** User ids of those who are in the room at the end. */
  readonly members: Set<string>;
}

/** The UUIDv5 of a name in nova's namespace, told once more from RFC 9562. */
export function derived(name: string): string {
  const uuid5 = (namespace: Buffer, text: string) => {
    const hash = createHash('sha1').update(namespace).update(text).digest().subarray(0, 16);
    hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
    hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
    return hash;
  };
  const hex = uuid5(uuid5(Buffer.alloc(16), 'nova'), name).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const PEOPLE = ['ada', 'bix', 'cleo', 'dov', 'elin', 'fahd', 'gus', 'hana', 'ivo', 'juno'];
const SAID = [
  'the kettle is on',
  'see you at noon',
  'who has the keys',
  'did it rain?',
  'well done',
];

/**
 * Writes chat logs of one network into a folder and returns what their conversations must become.
 * The same seed gives the same logs. Word number n of file f is said once: `said-<f>-<n>`.
 */
export function writeChatLogs(
  folder: string,
  given: { network: string; files: number; lines: number },
): MadeConversation[] {
  return Array.from({ length: given.files }, (_, f) => {
    const name = `2024-06-${String(f + 1).padStart(2, '0')}.made.txt`;
    const { text, made } = oneLog(given.network, name, f, given.lines);
    writeFileSync(join(folder, name), text);
    return made;
  });
}

function oneLog(network: string, name: string, f: number, lines: number) {
  const made: MadeConversation = {
    conversationId: derived(`irc:${network}:${name}`),
    messages: 0,
    mentions: new Map(),
    members: new Set(),
  };
  const userId = (nick: string) => derived(`irc:${network}:${nick}`);
  // Whoever has occurred in the log can be mentioned, also before they have.
  const present = PEOPLE.slice(0, 4 + (f % 5));
  const random = randomFrom(f + 1);
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[]) =>
    list[Math.floor(random() * list.length)] as T;
  const text: string[] = [];
  const say = (nick: string, words: string, n: number) => {
    const minute = Math.floor(n / 8);
    const time = [Math.floor(minute / 60) % 24, minute % 60]
      .map((part) => String(part).padStart(2, '0'))
      .join(':');
    text.push(`[${time}] <${nick}> ${words}`);
    made.messages += 1;
    made.members.add(userId(nick));
  };
  // Everybody says a word first, so that all of them are known in the log.
  for (const [n, nick] of present.entries()) say(nick, `said-${f}-${n}`, n);
  for (let n = present.length; n < lines; n += 1) {
    const nick = pick(present);
    const what = random();
    if (what < 0.03) {
      text.push(`=== ${nick} [~u@host]  has left #made []`);
      made.members.delete(userId(nick));
    } else if (what < 0.06) {
      text.push(`=== ${nick} [~u@host]  has joined #made`);
      made.members.add(userId(nick));
    } else if (what < 0.4) {
      const other = pick(present);
      say(nick, `${other}${what < 0.2 ? ':' : ','} ${pick(SAID)} said-${f}-${n}`, n);
      made.mentions.set(userId(other), (made.mentions.get(userId(other)) ?? 0) + 1);
    } else {
      say(nick, `${pick(SAID)} said-${f}-${n}`, n);
    }
  }
  return { text: text.map((line) => `${line}\n`).join(''), made };
}

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
