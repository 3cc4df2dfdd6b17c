import type {
  CommentHitSchema,
  MessageHitSchema,
  PostHitSchema,
  UserHitSchema,
} from '@nova/proto/gen/search/search_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from '../domain/moments.ts';
import type {
  Answer,
  Forms,
  Found,
  FoundComment,
  FoundMessage,
  FoundPost,
  FoundUser,
  Kind,
  Place,
  Tier,
} from '../domain/search-engine.ts';
import { snippetOf } from '../domain/snippet.ts';

const MATCHES: Readonly<Record<Tier, string>> = {
  head: 'exact',
  exact: 'exact',
  head_prefix: 'prefix',
  prefix: 'prefix',
  typo: 'typo',
};

/** The hits of one kind. */
export function hitsOf<K extends Kind>({ hits }: Answer, kind: K) {
  return hits.filter((hit): hit is Extract<Found, { kind: K }> => hit.kind === kind);
}

/** The total of the only kind that was searched. */
export function totalOf({ counts }: Answer): { totalCount: number; isMore: boolean } {
  const [count] = counts;
  return { totalCount: count?.total ?? 0, isMore: count?.isMore ?? false };
}

/** A message as an answer has it. */
export function messageHit(
  { document, ...place }: Place & { readonly document: FoundMessage },
  forms: Forms,
): MessageInitShape<typeof MessageHitSchema> {
  return {
    messageId: document.message_id,
    conversationId: document.conversation_id,
    senderId: document.sender_id,
    sentAt: instantOf(place.at),
    snippet: snippet(document.text, forms),
    match: MATCHES[place.tier],
  };
}

/** A post as an answer has it. */
export function postHit(
  { document, ...place }: Place & { readonly document: FoundPost },
  forms: Forms,
): MessageInitShape<typeof PostHitSchema> {
  return {
    postId: document.post_id,
    authorId: document.author_id,
    title: document.title,
    visibility: document.visibility,
    postedAt: instantOf(place.at),
    snippet: snippet(document.text, forms),
    match: MATCHES[place.tier],
  };
}

/** A user as an answer has it. */
export function userHit(
  { document, ...place }: Place & { readonly document: FoundUser },
  forms: Forms,
): MessageInitShape<typeof UserHitSchema> {
  return {
    userId: document.user_id,
    username: document.username,
    displayName: document.display_name,
    avatarUrl: document.avatar_url,
    isVerified: document.is_verified,
    snippet: snippet(document.text, forms),
    match: MATCHES[place.tier],
  };
}

/** A comment as an answer has it. */
export function commentHit(
  { document, ...place }: Place & { readonly document: FoundComment },
  forms: Forms,
): MessageInitShape<typeof CommentHitSchema> {
  return {
    commentId: document.comment_id,
    postId: document.post_id,
    authorId: document.author_id,
    commentedAt: instantOf(place.at),
    snippet: snippet(document.text, forms),
    match: MATCHES[place.tier],
  };
}

function snippet(text: string, forms: Forms) {
  const { text: part, highlights } = snippetOf(text, forms);
  return { text: part, highlights: highlights.map((one) => ({ ...one })) };
}
