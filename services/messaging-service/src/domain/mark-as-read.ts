import { NovaError } from '@nova/errors';
import { participantId } from '@nova/events';
import { MessageReadSchema } from '@nova/proto/gen/messaging/participant_events_pb';
import { errors } from '../errors.ts';
import type { Decided } from './decision.ts';
import { isWithin } from './membership.ts';
import type { StoredMessage } from './message.ts';
import type { Participant } from './participant.ts';
import { type Place, standingOf } from './standing.ts';

/** Up to where somebody has read. */
export type ReadUpTo =
  | { readonly kind: 'end' }
  | { readonly kind: 'sequence'; readonly sequence: number }
  | {
      readonly kind: 'message';
      readonly messageId: string;
      readonly message: StoredMessage | undefined;
    };

/**
 * Moves a read mark forward; never back, and never above the last message, so that what comes later
 * is unread.
 *
 * @param now RFC 3339
 * @throws MESSAGING_CONVERSATION_NOT_FOUND, MESSAGING_MESSAGE_NOT_FOUND
 */
export function markAsRead(
  reader: Place,
  upTo: ReadUpTo,
  participant: Participant | undefined,
  now: string,
): Decided {
  const { conversation, membership } = standingOf(reader);
  const { conversationId, userId } = reader;
  const current = participant?.last_read_sequence ?? 0;
  let wanted = conversation.last_sequence;
  if (upTo.kind === 'sequence') wanted = Math.min(upTo.sequence, wanted);
  if (upTo.kind === 'message') {
    const { message, messageId } = upTo;
    const isReadable =
      membership.windows.length === 0 || isWithin(membership, message?.version ?? 0);
    if (message === undefined || !isReadable) {
      throw new NovaError(errors.MESSAGING_MESSAGE_NOT_FOUND, {
        message_id: messageId,
        conversation_id: conversationId,
      });
    }
    wanted = message.sequence;
  }
  if (wanted <= current) {
    return { events: [], reply: { last_read_sequence: current } };
  }
  const payload = {
    conversation_id: conversationId,
    user_id: userId,
    last_read_sequence: String(wanted),
    ...(upTo.kind === 'message' ? { message_id: upTo.messageId } : {}),
    read_at: now,
  };
  const aggregateId = participantId(conversationId, userId);
  return {
    events: [{ schema: MessageReadSchema, aggregateId, payload }],
    reply: { last_read_sequence: wanted },
  };
}
