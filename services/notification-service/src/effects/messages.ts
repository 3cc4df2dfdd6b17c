import {
  MemberAddedSchema,
  type MessageCreated,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import {
  type Conversation,
  conversationView,
} from '../views/conversation_view/conversation-view.ts';
import { memberView } from '../views/member_view/member-view.ts';
import { noticeEffect, type Telling } from './notice-effect.ts';

/** A message tells its recipient, where it is direct, and those members whom it mentions. */
export const messageNotice = noticeEffect(
  MessageCreatedSchema,
  'message',
  ['messageType', 'messageId', 'senderId', 'content', 'recipientId', 'mentionedUserIds'],
  ({ aggregateId, payload }, rows) => {
    if (payload.messageType === 'system') return [];
    const conversation = rows.after(conversationView, { conversation_id: aggregateId });
    const isMember = (user_id: string) =>
      rows.after(memberView, { conversation_id: aggregateId, user_id }) !== undefined;
    const messageId = payload.messageId ?? '';
    const telling: Omit<Telling, 'recipientId' | 'kind'> = {
      actorId: payload.senderId,
      text: textOf(payload),
      target: { type: 'message', id: messageId },
      conversationId: aggregateId,
      data: { conversation_id: aggregateId, message_id: messageId },
    };
    return [
      { ...telling, recipientId: recipientOf(payload, conversation), kind: 'direct_message' },
      ...payload.mentionedUserIds
        .filter(isMember)
        .map((recipientId): Telling => ({ ...telling, recipientId, kind: 'mention' })),
    ];
  },
);

/**
 * Whom a direct message is for. The conversation's rows decide where they know its two sides, so
 * that a message published by hand may leave the recipient out; of a conversation that was never
 * created only the message can tell.
 */
function recipientOf(
  { senderId, recipientId }: MessageCreated,
  conversation: Conversation | undefined,
): string | undefined {
  if (conversation === undefined || conversation.kind === null) return recipientId;
  // A group has no two sides.
  const others = conversation.pair.filter((id) => id !== senderId);
  if (recipientId !== undefined) return others.find((id) => id === recipientId);
  return others.length === 1 ? others[0] : undefined;
}

function textOf({ messageType = 'text', content = '' }: MessageCreated): string {
  switch (messageType) {
    case 'encrypted':
      return 'Encrypted message';
    case 'image':
      return content === '' ? 'Picture' : content;
    case 'file':
      return content === '' ? 'File' : content;
    default:
      return content;
  }
}

/** Whoever was added by another is told. Those who join by themselves know. */
export const memberNotice = noticeEffect(
  MemberAddedSchema,
  'member',
  ['userId', 'addedBy'],
  ({ aggregateId, payload: { userId, addedBy } }) =>
    addedBy === undefined
      ? []
      : [
          {
            recipientId: userId,
            actorId: addedBy,
            kind: 'member_added',
            target: { type: 'conversation', id: aggregateId },
            conversationId: aggregateId,
            data: { conversation_id: aggregateId },
          },
        ],
);
