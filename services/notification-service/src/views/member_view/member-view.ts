import { defineView, on } from '@nova/projection';
import {
  ConversationCreatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MemberRoleChangedSchema,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';

/** A member of a conversation. */
export interface Member {
  readonly conversation_id: string;
  readonly user_id: string;
}

function keysOf(conversationId: string, userIds: readonly (string | undefined)[]): Member[] {
  const given = new Set(userIds.map((id) => id ?? ''));
  given.delete('');
  return [...given].map((user_id) => ({ conversation_id: conversationId, user_id }));
}

/** One row per member, gone with the membership. */
export const memberView = defineView<Member, 'conversation_id' | 'user_id'>({
  name: 'member_view',
  version: 2,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id', 'user_id'],
  handlers: [
    on(ConversationCreatedSchema, {
      fields: ['creatorId', 'memberIds'],
      keys: ({ aggregateId, payload }) =>
        keysOf(aggregateId, [payload.creatorId, ...payload.memberIds]),
      fold: (_row, _event, key) => key,
    }),
    on(MemberAddedSchema, {
      fields: ['userId'],
      keys: ({ aggregateId, payload }) => keysOf(aggregateId, [payload.userId]),
      fold: (_row, _event, key) => key,
    }),
    // Whoever has a role is a member with it, also where nobody said so before.
    on(MemberRoleChangedSchema, {
      fields: ['userId'],
      keys: ({ aggregateId, payload }) => keysOf(aggregateId, [payload.userId]),
      fold: (_row, _event, key) => key,
    }),
    on(MemberRemovedSchema, {
      fields: ['userId'],
      keys: ({ aggregateId, payload }) => keysOf(aggregateId, [payload.userId]),
      fold: () => undefined,
    }),
    // Changes nothing: the rows are read, so that the message's effects see who of the mentioned
    // is a member. What is read does not grow with the conversation.
    on(MessageCreatedSchema, {
      fields: ['mentionedUserIds'],
      keys: ({ aggregateId, payload }) => keysOf(aggregateId, payload.mentionedUserIds),
      fold: (row) => row,
    }),
  ],
});
