import { newEventId, type StoredEvent } from '@nova/events';
import { type EventRecord, recorded } from '@nova/projection/testing';
import {
  type Answer,
  type Found,
  KINDS,
  type Question,
  type SearchEngine,
} from '../../../domain/search-engine.ts';
import { queryWordsOf } from '../../../domain/words.ts';

/** An engine with what feeds it. */
export interface EngineUnderTest {
  /** Makes what happened known to the engine, in order; resolves when it can be found. */
  apply(events: readonly StoredEvent[]): Promise<void>;
  readonly engine: SearchEngine;
  close(): Promise<void>;
}

/** A question as cases put it. */
type Asked = Partial<Omit<Question, 'words'>> & { readonly query: string };

const later = (minutes: number) => new Date(Date.UTC(2025, 0, 1, 0, minutes)).toISOString();
/** The time so many minutes into the year in which the cases happen. */
export const at = (minutes: number) => later(minutes).replace('Z', '000Z');

/** A group with these members, the first of whom creates it. */
export function created(room: string, ...members: string[]): EventRecord {
  const [creator_id = ''] = members;
  const payload = { kind: 'group', creator_id, member_ids: members };
  return { event_type: 'conversation_created', aggregate_id: room, payload };
}

/** A message. */
export function said(room: string, sender_id: string, content: string, minutes = 0, more = {}) {
  const payload = { message_id: newEventId(), sender_id, content, ...more };
  const occurred_at = at(minutes);
  return { event_type: 'message_created', aggregate_id: room, payload, occurred_at };
}

/** A new user. */
export function user(id: string, username: string, more = {}): EventRecord {
  return { event_type: 'user_created', aggregate_id: id, payload: { username, ...more } };
}

/** A new post. */
export function posted(id: string, author_id: string, title: string, more = {}): EventRecord {
  return { event_type: 'post_created', aggregate_id: id, payload: { author_id, title, ...more } };
}

/** A comment of an author on a post of their own. */
export function commented(post: string, author_id: string, content: string): EventRecord {
  const payload = { comment_id: newEventId(), author_id, post_author_id: author_id, content };
  return { event_type: 'comment_created', aggregate_id: post, payload };
}

/** As many new ids as a case may want. */
export const ids = () =>
  [newEventId(), newEventId(), newEventId(), newEventId(), newEventId()] as const;

/** A word that no other case has. */
export const fresh = () =>
  `w${newEventId().slice(-12)}x`.replaceAll(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '');

/** The texts of hits, in their order. */
export const textsOf = (hits: readonly Found[]) => hits.map(({ document }) => document.text);

/** What the cases of the suite do with an engine. */
export interface EngineBench {
  /** Tells it what happened, in this order. */
  happened(...records: readonly EventRecord[]): Promise<void>;
  search(asked: Asked): Promise<Answer>;
  /** The texts of what a user finds. */
  found(viewerId: string, query: string, more?: Partial<Asked>): Promise<string[]>;
  /** All hits, page by page. */
  paged(asked: Asked): Promise<readonly Found[]>;
}

/** The bench for an engine that is there once the cases run. */
export function engineBench(tested: () => EngineUnderTest): EngineBench {
  const search = ({ query, ...more }: Asked) =>
    tested().engine.search({
      kinds: KINDS,
      words: queryWordsOf(query),
      exactOnly: false,
      viewerId: newEventId(),
      filter: {},
      after: undefined,
      limit: 100,
      ...more,
    });
  const found = async (viewerId: string, query: string, more: Partial<Asked> = {}) =>
    textsOf((await search({ viewerId, query, ...more })).hits);
  const paged = async (asked: Asked) => {
    const hits: Found[] = [];
    for (let after = asked.after; ; after = hits.at(-1)) {
      const page = await search({ ...asked, after });
      hits.push(...page.hits);
      if (!page.goesOn) return hits;
    }
  };
  return { happened: (...records) => tested().apply(recorded(records)), search, found, paged };
}
