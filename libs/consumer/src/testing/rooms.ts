import { defineView, on } from '@nova/projection';
import {
  ConversationCreatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';

/** A conversation with everything that happened, in the order of being applied. */
export interface Room {
  readonly conversation_id: string;
  readonly title: string | null;
  readonly messages: number;
  readonly story: readonly string[];
}

/** A message with this content makes the fold fail. */
export const POISON = 'poison';
/** A message with this content makes the database refuse the row. */
export const UNSTORABLE = 'unstorable';

const at = (event: { readonly aggregateId: string }) => [{ conversation_id: event.aggregateId }];
const zero = { title: null, messages: 0, story: [] };

let isPoisonous = true;

/** Heals, or makes ill again, what {@link POISON} does. */
export function setPoisonous(given: boolean): void {
  isPoisonous = given;
}

/** Depends on order: each event leaves its type and version. */
export const rooms = defineView<Room, 'conversation_id'>({
  name: 'room_view',
  version: 1,
  table: new URL('../testdata/room.sql', import.meta.url),
  key: ['conversation_id'],
  handlers: [
    on(ConversationCreatedSchema, {
      keys: at,
      fold: (row = { ...zero, conversation_id: '' }, event, key) => ({
        ...row,
        ...key,
        title: event.payload.name ?? null,
        story: [...row.story, `${event.eventType} ${event.version}`],
      }),
    }),
    on(MemberAddedSchema, {
      keys: at,
      fold: (row = { ...zero, conversation_id: '' }, event, key) => ({
        ...row,
        ...key,
        story: [...row.story, `${event.eventType} ${event.version}`],
      }),
    }),
    on(MessageCreatedSchema, {
      keys: at,
      fold: (row = { ...zero, conversation_id: '' }, event, key) => {
        if (event.payload.content === POISON && isPoisonous) throw new RangeError('poisoned');
        const isUnstorable = event.payload.content === UNSTORABLE && isPoisonous;
        return {
          ...row,
          ...key,
          messages: isUnstorable ? 2 ** 40 : row.messages + 1,
          story: [...row.story, `${event.eventType} ${event.version}`],
        };
      },
    }),
  ],
});

/** Rows that come and go. */
export const members = defineView<
  { conversation_id: string; user_id: string; since_version: number },
  'conversation_id' | 'user_id'
>({
  name: 'member_view',
  version: 1,
  table: new URL('../testdata/member.sql', import.meta.url),
  key: ['conversation_id', 'user_id'],
  handlers: [
    on(MemberAddedSchema, {
      keys: ({ aggregateId, payload }) => [
        { conversation_id: aggregateId, user_id: payload.userId ?? '' },
      ],
      fold: (row, event, key) => row ?? { ...key, since_version: Number(event.version) },
    }),
    on(MemberRemovedSchema, {
      keys: ({ aggregateId, payload }) => [
        { conversation_id: aggregateId, user_id: payload.userId ?? '' },
      ],
      fold: () => undefined,
    }),
  ],
});
