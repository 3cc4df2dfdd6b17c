import type { QueryWord } from './words.ts';

/** What can be found, in the order in which equals of several kinds stand. */
export const KINDS = ['message', 'user', 'post', 'comment'] as const;

/** A kind of document. */
export type Kind = (typeof KINDS)[number];

/**
 * How well a document matches, best first: all words in its name or title, as they are; all words
 * as they are; beginnings in the name or title; beginnings; with a letter mistyped.
 */
export const TIERS = ['head', 'exact', 'head_prefix', 'prefix', 'typo'] as const;

/** One of {@link TIERS}. */
export type Tier = (typeof TIERS)[number];

/** Up to here totals are exact. */
export const EXACT_TOTAL = 1000;

/** Where a hit stands. Hits are ordered by tier, then newest first, then kind, then id downwards. */
export interface Place {
  readonly kind: Kind;
  readonly tier: Tier;
  /** Microseconds since 1970. */
  readonly at: number;
  /** The document's ids, the aggregate's first: unique within the kind. */
  readonly ids: readonly string[];
}

/** What is asked. */
export interface Question {
  readonly kinds: readonly Kind[];
  /** At least one. All of them must occur. */
  readonly words: readonly QueryWord[];
  readonly exactOnly: boolean;
  /** Who asks: only what this user may see is found. */
  readonly viewerId: string;
  /** Narrower still; a filter concerns the kinds that have what it names. */
  readonly filter: Filter;
  /** The last hit of the page before. */
  readonly after: Place | undefined;
  /** Most hits of the answer. */
  readonly limit: number;
}

/** What hits must have beside the words. */
export interface Filter {
  readonly conversationId?: string;
  readonly senderId?: string;
  readonly authorId?: string;
  readonly verifiedOnly?: boolean;
}

/** A document as it was found. */
export type Found = Place &
  (
    | { readonly kind: 'message'; readonly document: FoundMessage }
    | { readonly kind: 'user'; readonly document: FoundUser }
    | { readonly kind: 'post'; readonly document: FoundPost }
    | { readonly kind: 'comment'; readonly document: FoundComment }
  );

/** A message; `text` may be cut. */
export interface FoundMessage {
  readonly message_id: string;
  readonly conversation_id: string;
  readonly sender_id: string;
  readonly text: string;
}

/** A user; `text` is the biography and may be cut. */
export interface FoundUser {
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly avatar_url: string;
  readonly is_verified: boolean;
  readonly text: string;
}

/** A post; `text` may be cut. */
export interface FoundPost {
  readonly post_id: string;
  readonly author_id: string;
  readonly title: string;
  readonly visibility: string;
  readonly text: string;
}

/** A comment; `text` may be cut. */
export interface FoundComment {
  readonly comment_id: string;
  readonly post_id: string;
  readonly author_id: string;
  readonly text: string;
}

/** How many documents of a kind match. */
export interface Count {
  readonly kind: Kind;
  /** At most EXACT_TOTAL. */
  readonly total: number;
  readonly isMore: boolean;
}

/** Words of documents that the query was found to mean, for highlighting. */
export interface Forms {
  readonly whole: readonly string[];
  readonly beginnings: readonly string[];
}

/** What was found. */
export interface Answer {
  readonly hits: readonly Found[];
  /** Whether the list goes on after the last hit. */
  readonly goesOn: boolean;
  readonly counts: readonly Count[];
  readonly forms: Forms;
}

/**
 * Finds documents by words. The order of hits is total, so that a list goes on after any of them;
 * what changes between two pages is found or not, and moves nothing else.
 *
 * This is the seam for an engine that scales out. PostgreSQL's is views/engine; each must pass
 * views/engine/testing/engine.conformance.ts.
 */
export interface SearchEngine {
  /** @throws SEARCH_TOO_COSTLY */
  search(question: Question): Promise<Answer>;
}

/** Compares two places as hits are ordered. */
export function comparePlaces(a: Place, b: Place): number {
  return (
    TIERS.indexOf(a.tier) - TIERS.indexOf(b.tier) ||
    b.at - a.at ||
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    compareTexts(b.ids.join(), a.ids.join())
  );
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
