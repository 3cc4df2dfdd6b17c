import { defineView, on } from '@nova/projection';
import {
  ConversationCreatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MemberRoleChangedSchema,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import {
  joined,
  left,
  type MemberKey,
  type Membership,
  met,
  roleNamed,
} from '../../domain/membership.ts';

const placesOf = (conversationId: string, users: readonly (string | undefined)[]): MemberKey[] =>
  [...new Set(users)].flatMap((user) =>
    user === undefined ? [] : [{ conversation_id: conversationId, user_id: user }],
  );

const one = (event: { aggregateId: string; payload: { userId?: string | undefined } }) =>
  placesOf(event.aggregateId, [event.payload.userId]);

/** What each user is and was in a conversation. */
export const memberView = defineView<Membership, 'conversation_id' | 'user_id'>({
  name: 'member_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id', 'user_id'],
  handlers: [
    on(ConversationCreatedSchema, {
      fields: ['creatorId', 'memberIds', 'kind'],
      keys: ({ aggregateId, payload }) =>
        placesOf(aggregateId, [payload.creatorId, ...payload.memberIds]),
      fold(row, { payload, version, typeSequence }, key) {
        // Created once more, by hand, it gets members, not another owner.
        const isFirst = typeSequence === 1n;
        const isOwner = isFirst && payload.kind !== 'direct' && key.user_id === payload.creatorId;
        // To its first members belongs what was said before the conversation was created.
        const isFounder = isFirst && (row === undefined || row.windows.length === 0);
        return joined(row, key, isFounder ? 0 : Number(version), isOwner ? 'owner' : undefined);
      },
    }),
    on(MemberAddedSchema, {
      fields: ['userId', 'role'],
      keys: one,
      fold: (row, { payload, version }, key) =>
        joined(row, key, Number(version), roleNamed(payload.role)),
    }),
    on(MemberRoleChangedSchema, {
      fields: ['userId', 'role'],
      keys: one,
      // Whoever has a role is a member with it, also where nobody said so before.
      fold: (row, { payload, version }, key) =>
        joined(row, key, Number(version), roleNamed(payload.role)),
    }),
    on(MemberRemovedSchema, {
      fields: ['userId'],
      keys: one,
      fold: (row, { version }) => left(row, Number(version)),
    }),
    on(MessageCreatedSchema, {
      fields: ['senderId', 'recipientId'],
      keys: ({ aggregateId, payload }) =>
        placesOf(aggregateId, [payload.senderId, payload.recipientId]),
      fold: (row, { version }, key) => met(row, key, Number(version)),
    }),
  ],
});
