import type { Queryable } from '@nova/postgres';
import type { Kind } from '../../domain/search-engine.ts';

/** What decides about what a user may see, beside the documents themselves. */
export interface Viewer {
  readonly userId: string;
  /** Conversations of which the user has been a member since they were created. */
  readonly whole: readonly string[];
  /** Conversations of which the user was a member at other times. */
  readonly partial: readonly string[];
  /** Whose friend the user is. */
  readonly friendOf: readonly string[];
  /** Who has blocked the user, or is blocked by them. */
  readonly apart: readonly string[];
}

interface ConversationRow {
  readonly conversation_id: string;
  readonly is_whole: boolean;
}

interface ContactRow {
  readonly user_id: string;
  readonly friend_id: string;
  readonly is_friend: boolean;
  readonly is_blocked: boolean;
}

/** Reads what searching these kinds needs to know of a user. */
export async function readViewer(
  tx: Queryable,
  userId: string,
  kinds: readonly Kind[],
): Promise<Viewer> {
  const conversations = kinds.includes('message')
    ? await tx.query<ConversationRow>(
        `SELECT conversation_id, windows = '{0}' AS is_whole FROM member_view WHERE user_id = $1`,
        [userId],
      )
    : [];
  const contacts = kinds.some((kind) => kind !== 'message')
    ? await tx.query<ContactRow>(
        `SELECT user_id, friend_id, is_friend, is_blocked FROM contact_view
         WHERE (user_id = $1 AND is_blocked) OR (friend_id = $1 AND (is_friend OR is_blocked))`,
        [userId],
      )
    : [];
  const idsOf = (isWhole: boolean) =>
    conversations.flatMap((row) => (row.is_whole === isWhole ? [row.conversation_id] : []));
  return {
    userId,
    whole: idsOf(true),
    partial: idsOf(false),
    friendOf: contacts.flatMap((row) =>
      row.is_friend && row.friend_id === userId ? [row.user_id] : [],
    ),
    apart: contacts.flatMap(({ is_blocked, user_id, friend_id }) =>
      is_blocked ? [user_id === userId ? friend_id : user_id] : [],
    ),
  };
}
