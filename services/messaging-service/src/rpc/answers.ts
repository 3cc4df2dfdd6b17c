import { NovaError } from '@nova/errors';
import { type Instant, parseTime } from '@nova/events';
import type {
  ChatMessageSchema,
  ConversationSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { errors } from '../errors.ts';
import type { NamedMessage, ReactionCount } from '../storage/chat-messages.ts';
import type { ConversationDetails } from '../storage/conversations.ts';

/** What is unread is told exactly up to this. */
const MOST_COUNTED = 999n;

/** A count for an answer, and whether there is more than it says. */
export function counted(count: bigint): { readonly count: number; readonly isMore: boolean } {
  const isMore = count > MOST_COUNTED;
  return { count: Number(isMore ? MOST_COUNTED : count), isMore };
}

/** A message for an answer. */
export function chatMessage(
  row: NamedMessage,
  reactions: readonly ReactionCount[] = [],
): MessageInitShape<typeof ChatMessageSchema> {
  return {
    messageId: row.message_id,
    conversationId: row.conversation_id,
    sequenceNumber: BigInt(row.sequence),
    senderId: row.sender_id,
    senderName: row.sender?.display_name ?? row.sender?.username ?? '',
    content: row.content,
    messageType: row.message_type,
    mentionedUserIds: [...row.mentioned_user_ids],
    replyToMessageId: row.reply_to_message_id ?? '',
    ciphertext: row.ciphertext ?? '',
    nonce: row.nonce ?? '',
    ...at('createdAt', row.created_at),
    ...at('storedAt', row.stored_at),
    ...at('editedAt', row.edited_at),
    isDeleted: row.is_deleted,
    reactions: reactions.map(({ emoji, count, is_own }) => ({
      emoji,
      count: Number(count),
      isOwn: is_own,
    })),
  };
}

/** A conversation for an answer. */
export function conversation(
  row: ConversationDetails,
  reactions: readonly ReactionCount[],
): MessageInitShape<typeof ConversationSchema> {
  const unread = counted(row.unread);
  const mentioned = counted(row.mentioned);
  return {
    conversationId: row.conversation_id,
    kind: row.kind ?? '',
    name: row.name ?? '',
    avatarUrl: row.avatar_url ?? '',
    creatorId: row.creator_id ?? '',
    ...(row.peer_id === null ? {} : { peer: profile(row.peer_id, row) }),
    ...at('createdAt', row.created_at),
    isClosed: row.is_closed,
    memberCount: Number(row.members),
    lastSequenceNumber: row.last_sequence,
    ...at('lastActivityAt', row.last_activity_at),
    ...(row.message === null ? {} : { lastMessage: chatMessage(row.message, reactions) }),
    unreadCount: unread.count,
    isMoreUnread: unread.isMore,
    mentionCount: mentioned.count,
    isMoreMentioned: mentioned.isMore,
    lastReadSequence: row.last_read_sequence,
    isPinned: row.is_pinned,
    isMuted: row.is_muted,
    isHidden: row.is_hidden,
    isStarred: row.is_starred,
    isMember: row.is_member,
    role: row.role,
  };
}

function profile(userId: string, row: ConversationDetails) {
  return {
    userId,
    username: row.peer_username ?? '',
    displayName: row.peer_display_name ?? '',
    avatarUrl: row.peer_avatar_url ?? '',
  };
}

/** A time for an answer, under its field's name; nothing where there is none. */
function at<Name extends string>(name: Name, text: string | null): { [N in Name]?: Instant } {
  const instant = text === null ? undefined : parseTime(text);
  // The one member is the field of this name, which a computed key does not say.
  return (instant === undefined ? {} : { [name]: instant }) as { [N in Name]?: Instant };
}

/** The refusal of whoever does not belong to a conversation. */
export function notFound(reader: { conversationId: string; userId: string }): NovaError {
  return new NovaError(errors.MESSAGING_CONVERSATION_NOT_FOUND, {
    conversation_id: reader.conversationId,
    user_id: reader.userId,
  });
}

/** The refusal of a message that a user may not read, or that does not exist. */
export function messageNotFound(conversationId: string, messageId: string): NovaError {
  return new NovaError(errors.MESSAGING_MESSAGE_NOT_FOUND, {
    conversation_id: conversationId,
    message_id: messageId,
  });
}
