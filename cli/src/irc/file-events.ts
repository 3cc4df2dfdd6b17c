import { ircConversationId, ircEventId } from '@nova/events';
import type { JsonObject } from '@nova/proto/runtime';
import { excerptOf, type Finding } from './finding.ts';
import type { ImportEvent } from './import-event.ts';
import { LogReader, type ReadLine } from './log-reader.ts';
import { addressedNick } from './mention.ts';
import type { LineContent } from './parsed-line.ts';
import type { RawLine } from './raw-line.ts';
import { type Person, Roster } from './roster.ts';
import type { LogSummary } from './scan.ts';

/** A file to import: where its ids come from, and what its first reading found. */
export interface LogFile {
  readonly network: string;
  /** Name without folders. */
  readonly name: string;
  /** How the file is named in findings. */
  readonly path: string;
  readonly date: string | undefined;
  readonly summary: LogSummary & { readonly first: Person };
}

/** What came of a line. */
export interface LineResult {
  readonly events: readonly ImportEvent[];
  readonly findings: readonly Finding[];
  /** Absent when the line was skipped or blank. */
  readonly grammar?: string;
  readonly outcome: 'events' | 'nothing new' | 'marker' | 'blank' | 'skipped';
}

/*
 * Event ids are `irc:<network>:<file name>:<line>:<n>`. n = 0 is what the line says, n = 1 that its
 * writer was found in the room by first words. Line 0 is the file itself. A user is created once per
 * network, whichever file is stored first: its event's name has the nick in place of a file and line
 * 0 with n = 1, and its payload is the same from each file.
 */
const OF_LINE = 0;
const OF_FIRST_WORDS = 1;
const OF_USER = 1;

/** Reads a file for the second time and tells which events its lines are. */
export class FileEvents {
  readonly #file: LogFile;
  readonly #reader: LogReader;
  readonly #roster: Roster;
  readonly #conversationId: string;
  readonly #startMs: number;
  #lastTime = { ms: Number.NaN, text: '' };

  constructor(file: LogFile) {
    this.#file = file;
    this.#reader = new LogReader(file.date);
    this.#roster = new Roster(file.network);
    this.#conversationId = ircConversationId(file.network, file.name);
    this.#startMs = file.summary.startMs ?? Date.parse(`${file.date ?? '1970-01-01'}T00:00:00Z`);
  }

  /** What comes before the first line: the conversation, opened by the file's first person. */
  begin(): readonly ImportEvent[] {
    const { first } = this.#file.summary;
    const payload = {
      kind: 'group',
      creator_id: first.userId,
      name: this.#file.name,
      created_at: new Date(this.#startMs).toISOString(),
    };
    return [
      this.#ofConversation('conversation_created', payload, { line: 0, n: 0 }, this.#startMs),
    ];
  }

  line(raw: RawLine): LineResult {
    const read = this.#reader.read(raw);
    const findings = this.#findingsOf(read);
    if (read.skipped !== undefined) return { events: [], findings, outcome: 'skipped' };
    if (read.content.kind === 'blank') return { events: [], findings, outcome: 'blank' };
    const events = this.#eventsOf(read);
    const grammar = read.grammar ?? 'unnamed';
    if (read.content.kind === 'marker') return { events, findings, grammar, outcome: 'marker' };
    return { events, findings, grammar, outcome: events.length === 0 ? 'nothing new' : 'events' };
  }

  #eventsOf(read: ReadLine): ImportEvent[] {
    const at = read.atMs ?? this.#startMs;
    const { content } = read;
    if (content.kind === 'message') return this.#message(content, read.number, at);
    if (content.kind === 'join') return this.#join(content.nick, read.number, at);
    if (content.kind === 'leave') return this.#leave(content.nick, read.number, at);
    if (content.kind === 'rename') return this.#rename(content, read.number, at);
    return [];
  }

  #message(said: Extract<LineContent, { kind: 'message' }>, line: number, at: number) {
    const person = this.#roster.personOf(said.nick);
    const events = this.#meet(person, line, at);
    if (this.#roster.enter(person)) {
      events.push(this.#memberAdded(person, { line, n: OF_FIRST_WORDS }, at));
    }
    const mentioned = this.#mentionIn(said.text);
    const eventId = ircEventId(this.#file.network, this.#file.name, line, OF_LINE);
    events.push({
      eventId,
      eventType: 'message_created',
      aggregateId: this.#conversationId,
      payload: {
        // One id for the message and for the event that says so.
        message_id: eventId,
        sender_id: person.userId,
        content: said.text,
        ...(mentioned === undefined ? {} : { mentioned_user_ids: [mentioned] }),
        created_at: this.#timeText(at),
      },
      occurredAtMs: at,
      line,
    });
    return events;
  }

  #join(nick: string, line: number, at: number): ImportEvent[] {
    const person = this.#roster.personOf(nick);
    const events = this.#meet(person, line, at);
    if (this.#roster.enter(person))
      events.push(this.#memberAdded(person, { line, n: OF_LINE }, at));
    return events;
  }

  #leave(nick: string, line: number, at: number): ImportEvent[] {
    const person = this.#roster.personOf(nick);
    const events = this.#meet(person, line, at);
    if (this.#roster.leave(person)) {
      const payload = { user_id: person.userId, reason: 'left' };
      events.push(this.#ofConversation('member_removed', payload, { line, n: OF_LINE }, at));
    }
    return events;
  }

  #rename({ from, to }: Extract<LineContent, { kind: 'rename' }>, line: number, at: number) {
    const person = this.#roster.rename(from, to);
    const events = this.#meet(person, line, at);
    events.push({
      eventId: ircEventId(this.#file.network, this.#file.name, line, OF_LINE),
      eventType: 'user_updated',
      aggregateId: person.userId,
      payload: { username: to, display_name: to, updated_at: new Date(at).toISOString() },
      occurredAtMs: at,
      line,
    });
    return events;
  }

  // Most lines have the time of the one before.
  #timeText(ms: number): string {
    if (this.#lastTime.ms !== ms) this.#lastTime = { ms, text: new Date(ms).toISOString() };
    return this.#lastTime.text;
  }

  /** user_created, the first time somebody occurs in the file. */
  #meet(person: Person, line: number, at: number): ImportEvent[] {
    if (!this.#roster.meet(person)) return [];
    const { userId, firstNick } = person;
    return [
      {
        eventId: ircEventId(this.#file.network, firstNick, 0, OF_USER),
        eventType: 'user_created',
        aggregateId: userId,
        // Without a time, which would differ from file to file.
        payload: { username: firstNick, display_name: firstNick },
        occurredAtMs: at,
        line,
      },
    ];
  }

  #memberAdded({ userId }: Person, id: { line: number; n: number }, at: number): ImportEvent {
    return this.#ofConversation('member_added', { user_id: userId, role: 'member' }, id, at);
  }

  #ofConversation(
    eventType: ImportEvent['eventType'],
    payload: JsonObject,
    { line, n }: { line: number; n: number },
    occurredAtMs: number,
  ): ImportEvent {
    const { network, name } = this.#file;
    const eventId = ircEventId(network, name, line, n);
    return { eventId, eventType, aggregateId: this.#conversationId, payload, occurredAtMs, line };
  }

  // Whoever bears the nick now, else bore it last, else will be the first to bear it.
  #mentionIn(text: string): string | undefined {
    const { nicks, longestNick, firstBearers } = this.#file.summary;
    const nick = addressedNick(text, nicks, longestNick);
    if (nick === undefined) return undefined;
    return (this.#roster.lastBearer(nick) ?? firstBearers.get(nick))?.userId;
  }

  #findingsOf(read: ReadLine): Finding[] {
    const { path } = this.#file;
    const findings: Finding[] = [];
    for (const severity of ['skipped', 'altered', 'noted'] as const) {
      const reason = read[severity];
      if (reason === undefined) continue;
      findings.push({
        file: path,
        line: read.number,
        severity,
        reason,
        excerpt: excerptOf(read.text),
      });
    }
    return findings;
  }
}
