import { isCanonicalUuid } from '@nova/events';
import { defineView, type Key, on } from '@nova/projection';
import {
  ConversationCreatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MemberRoleChangedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { joined, left, type Windows } from '../../domain/membership.ts';

interface Member {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly windows: Windows;
}

type MemberKey = Key<Member, 'conversation_id' | 'user_id'>;

const placesOf = (conversationId: string, users: readonly (string | undefined)[]) =>
  [...new Set(users)].flatMap((user = '') =>
    isCanonicalUuid(user) ? [{ conversation_id: conversationId, user_id: user }] : [],
  );

const one = (event: {
  readonly aggregateId: string;
  readonly payload: { readonly userId?: string | undefined };
}) => placesOf(event.aggregateId, [event.payload.userId]);

function join(row: Member | undefined, { version }: { version: bigint }, key: MemberKey): Member {
  const windows = joined(row?.windows ?? [], Number(version));
  return row?.windows === windows ? row : { ...key, windows };
}

/** When each user was a member of a conversation; by the rules of messaging-service. */
export const memberView = defineView<Member, 'conversation_id' | 'user_id'>({
  name: 'member_view',
  version: 2,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id', 'user_id'],
  handlers: [
    on(ConversationCreatedSchema, {
      fields: ['creatorId', 'memberIds'],
      keys: ({ aggregateId, payload }) =>
        placesOf(aggregateId, [payload.creatorId, ...payload.memberIds]),
      // To its first members belongs what was said before the conversation was created. Created once
      // more, by hand, it gets members as by joining.
      fold: (row, event, key) =>
        row === undefined && event.typeSequence === 1n
          ? { ...key, windows: [0] }
          : join(row, event, key),
    }),
    on(MemberAddedSchema, { fields: ['userId'], keys: one, fold: join }),
    // Whoever has a role is a member with it, also where nobody said so before.
    on(MemberRoleChangedSchema, { fields: ['userId'], keys: one, fold: join }),
    on(MemberRemovedSchema, {
      fields: ['userId'],
      keys: one,
      fold(row, { version }) {
        if (row === undefined) return row;
        const windows = left(row.windows, Number(version));
        return windows === row.windows ? row : { ...row, windows };
      },
    }),
  ],
});
