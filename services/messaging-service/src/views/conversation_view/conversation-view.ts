import { defineView, on, type ViewEvent } from '@nova/projection';
import {
  type ConversationCreated,
  ConversationCreatedSchema,
  ConversationDeletedSchema,
  ConversationReopenedSchema,
  ConversationUpdatedSchema,
  MemberAddedSchema,
  MemberRoleChangedSchema,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import type { Message } from '@nova/proto/runtime';
import type { Conversation } from '../../domain/conversation.ts';
import { isOutdated, safeNumber, timeOf } from '../fold-values.ts';

type Key = Pick<Conversation, 'conversation_id'>;
type Event = ViewEvent<Message>;

const keys = ({ aggregateId }: { aggregateId: string }) => [{ conversation_id: aggregateId }];

/** The row, or that of a conversation of which nothing but this event is known. */
function known(row: Conversation | undefined, event: Event, key: Key): Conversation {
  if (row !== undefined) return row;
  return {
    ...key,
    kind: null,
    creator_id: null,
    name: null,
    avatar_url: null,
    info_ver: null,
    peer_ids: [],
    is_closed: false,
    created_at: null,
    last_sequence: 0,
    last_activity_at: event.storedAt,
  };
}

function created(
  row: Conversation | undefined,
  event: ViewEvent<ConversationCreated>,
  key: Key,
): Conversation {
  const before = known(row, event, key);
  // Created twice, by hand: it is what it was created as.
  if (before.kind !== null) return before;
  const { kind = 'group', creatorId = '', memberIds, name, avatarUrl, createdAt } = event.payload;
  const peers = [creatorId, ...memberIds.filter((id) => id !== creatorId)].slice(0, 2);
  return {
    ...before,
    kind,
    creator_id: creatorId,
    name: name ?? before.name,
    avatar_url: avatarUrl ?? before.avatar_url,
    peer_ids: kind === 'direct' ? peers : [],
    created_at: timeOf(createdAt, event.occurredAt),
  };
}

/**
 * What a conversation is, when something was last said in it, and how much was. Who belongs to it,
 * and what the last message says, is read from member_view and message_view: a message costs one
 * row here, whatever the number of members.
 */
export const conversationView = defineView<Conversation, 'conversation_id'>({
  name: 'conversation_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id'],
  handlers: [
    on(ConversationCreatedSchema, {
      fields: ['kind', 'creatorId', 'memberIds', 'name', 'avatarUrl', 'createdAt'],
      keys,
      fold: created,
    }),
    on(ConversationUpdatedSchema, {
      fields: ['name', 'avatarUrl', 'infoVer'],
      keys,
      fold(row, event, key) {
        const before = known(row, event, key);
        const { name, avatarUrl, infoVer } = event.payload;
        if (isOutdated(infoVer, before.info_ver)) return before;
        return {
          ...before,
          name: name ?? before.name,
          avatar_url: avatarUrl ?? before.avatar_url,
          info_ver: infoVer === undefined ? before.info_ver : safeNumber(infoVer),
        };
      },
    }),
    on(ConversationDeletedSchema, {
      fields: [],
      keys,
      fold: (row, event, key) => ({ ...known(row, event, key), is_closed: true }),
    }),
    on(ConversationReopenedSchema, {
      fields: [],
      keys,
      fold: (row, event, key) => ({ ...known(row, event, key), is_closed: false }),
    }),
    on(MemberAddedSchema, { fields: [], keys, fold: known }),
    on(MemberRoleChangedSchema, { fields: [], keys, fold: known }),
    on(MessageCreatedSchema, {
      fields: [],
      keys,
      fold: (row, event, key) => ({
        ...known(row, event, key),
        last_sequence: safeNumber(event.typeSequence),
        last_activity_at: event.storedAt,
      }),
    }),
  ],
});
