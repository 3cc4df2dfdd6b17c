import { ConversationCreatedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import type { Conversation } from './conversation.ts';
import type { Decided } from './decision.ts';

/** A conversation to be created. */
export interface NewConversation {
  readonly conversationId: string;
  readonly kind: 'direct' | 'group';
  readonly creatorId: string;
  /** The others. */
  readonly otherIds: readonly string[];
  readonly name: string;
  readonly avatarUrl: string;
}

/**
 * Creates a conversation unless it exists. One into which messages were published before it was
 * created does not exist yet.
 */
export function createConversation(
  given: NewConversation,
  existing: Conversation | undefined,
): Decided {
  const { conversationId, kind, creatorId, otherIds, name, avatarUrl } = given;
  const reply = { conversation_id: conversationId };
  if (existing !== undefined && existing.kind !== null) {
    return { events: [], reply: { ...reply, created: false } };
  }
  const payload = {
    kind,
    creator_id: creatorId,
    member_ids: [creatorId, ...otherIds],
    ...(name === '' ? {} : { name }),
    ...(avatarUrl === '' ? {} : { avatar_url: avatarUrl }),
  };
  return {
    events: [{ schema: ConversationCreatedSchema, aggregateId: conversationId, payload }],
    reply: { ...reply, created: true },
  };
}
