import { NovaError } from '@nova/errors';
import { MessageCreatedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { errors } from '../errors.ts';
import { peerOf } from './conversation.ts';
import type { Decided } from './decision.ts';
import { memberOf, type Place } from './standing.ts';

/** A message to be sent. */
export interface NewMessage {
  readonly messageId: string;
  readonly content: string;
  readonly messageType: string;
  readonly mentionedUserIds: readonly string[];
  readonly replyToMessageId: string;
  readonly ciphertext: string;
  readonly nonce: string;
}

/**
 * Sends a message. In a direct conversation it names the other side, so that consumers need no
 * members to tell whom it is for.
 *
 * @param isBlocked whether the user of this id takes nothing from the sender
 * @throws what `memberOf` throws, MESSAGING_SENDER_BLOCKED
 */
export function sendMessage(
  sender: Place,
  message: NewMessage,
  isBlocked: (recipientId: string) => boolean,
): Decided {
  const { conversation } = memberOf(sender);
  const { conversationId, userId } = sender;
  const recipientId = conversation.kind === 'direct' ? peerOf(conversation, userId) : undefined;
  if (recipientId !== undefined && isBlocked(recipientId)) {
    throw new NovaError(errors.MESSAGING_SENDER_BLOCKED, {
      user_id: userId,
      recipient_id: recipientId,
    });
  }
  const { messageId, content, messageType, mentionedUserIds } = message;
  const { replyToMessageId, ciphertext, nonce } = message;
  const payload = {
    message_id: messageId,
    sender_id: userId,
    content,
    message_type: messageType,
    ...(recipientId === undefined ? {} : { recipient_id: recipientId }),
    ...(mentionedUserIds.length === 0 ? {} : { mentioned_user_ids: [...mentionedUserIds] }),
    ...(replyToMessageId === '' ? {} : { reply_to_message_id: replyToMessageId }),
    ...(ciphertext === '' ? {} : { ciphertext }),
    ...(nonce === '' ? {} : { nonce }),
  };
  return {
    events: [{ schema: MessageCreatedSchema, aggregateId: conversationId, payload }],
    reply: { message_id: messageId },
  };
}
