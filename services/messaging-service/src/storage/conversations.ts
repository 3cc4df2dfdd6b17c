import type { Queryable } from '@nova/postgres';
import type { NamedMessage } from './chat-messages.ts';
import { statement } from './statement.ts';

/** A conversation as one user sees it. Counts of what is unread go to 1,000. */
export interface ConversationDetails {
  readonly conversation_id: string;
  readonly kind: string | null;
  readonly creator_id: string | null;
  readonly name: string | null;
  readonly avatar_url: string | null;
  readonly is_closed: boolean;
  readonly created_at: string | null;
  readonly last_sequence: bigint;
  readonly last_activity_at: string;
  readonly peer_id: string | null;
  readonly peer_username: string | null;
  readonly peer_display_name: string | null;
  readonly peer_avatar_url: string | null;
  readonly role: string;
  readonly is_member: boolean;
  readonly last_read_sequence: bigint;
  readonly is_pinned: boolean;
  readonly is_muted: boolean;
  readonly is_hidden: boolean;
  readonly is_starred: boolean;
  readonly members: bigint;
  readonly message: NamedMessage | null;
  readonly unread: bigint;
  readonly mentioned: bigint;
}

/** The place of a conversation in a user's list. */
export interface ListPlace {
  readonly conversation_id: string;
  readonly is_pinned: boolean;
  readonly last_activity_at: string;
}

/** Members of a conversation but one, as of a version of the conversation. */
export interface OtherMembers {
  readonly userIds: readonly string[];
  /** These are all of them. */
  readonly isAll: boolean;
  /** Version of the last event that may have made somebody a member. */
  readonly asOf: number;
}

/** Of so many others it is told who they are. */
const MOST_OTHERS = 20;

const listSql = statement('conversations-of-user');
const detailsSql = statement('conversation-details');
const unreadSql = statement('count-unread');
const mentionsSql = statement('count-mentions');
const othersSql = statement('other-members');
const peersSql = statement('peers');

/** A user's conversations in the order of the list, after a place in it. */
export function conversationsOf(
  views: Queryable,
  userId: string,
  options: {
    readonly includeHidden: boolean;
    readonly after: ListPlace | undefined;
    /** undefined = all. */
    readonly limit: number | undefined;
  },
): Promise<ListPlace[]> {
  const { includeHidden, after, limit } = options;
  return views.query<ListPlace>(listSql, [
    userId,
    includeHidden,
    after?.is_pinned ?? null,
    after?.last_activity_at ?? '',
    after?.conversation_id ?? '',
    limit ?? null,
  ]);
}

/** Conversations as a user sees them, by id; those that the user never belonged to are left out. */
export async function conversationDetails(
  views: Queryable,
  userId: string,
  conversationIds: readonly string[],
): Promise<ReadonlyMap<string, ConversationDetails>> {
  const rows = await views.query<ConversationDetails>(detailsSql, [userId, conversationIds]);
  return new Map(rows.map((row) => [row.conversation_id, row]));
}

/** What is unread in some conversations together, counted to 1,000. */
export async function countUnread(
  views: Queryable,
  userId: string,
  conversationIds: readonly string[],
): Promise<{ readonly unread: bigint; readonly mentioned: bigint }> {
  const params = [userId, conversationIds];
  const [unread] = await views.query<{ count: bigint }>(unreadSql, params);
  const [mentioned] = await views.query<{ count: bigint }>(mentionsSql, params);
  return { unread: unread?.count ?? 0n, mentioned: mentioned?.count ?? 0n };
}

/** Who else is a member of a conversation, or some of them. */
export async function otherMembers(
  views: Queryable,
  conversationId: string,
  userId: string,
): Promise<OtherMembers> {
  const [row] = await views.query<{ user_ids: readonly string[]; as_of: bigint }>(othersSql, [
    conversationId,
    userId,
    MOST_OTHERS,
  ]);
  const userIds = row?.user_ids ?? [];
  return { userIds, isAll: userIds.length < MOST_OTHERS, asOf: Number(row?.as_of ?? 0n) };
}

/** Both sides of a direct conversation, nobody of a group; undefined where it is not known yet. */
export async function peersOf(
  views: Queryable,
  conversationId: string,
): Promise<readonly string[] | undefined> {
  const [row] = await views.query<{ peer_ids: readonly string[] }>(peersSql, [conversationId]);
  return row?.peer_ids;
}
