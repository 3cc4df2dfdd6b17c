import { defineView, on } from '@nova/projection';
import {
  MessageCreatedSchema,
  MessageEditedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';

/** That a message mentioned a user at some time; whether it still does is in message_view. */
interface Mention {
  readonly conversation_id: string;
  readonly message_id: string;
  readonly user_id: string;
  /**
   * Version of the conversation with the latest mention, by the message or an edit. An edit may come
   * before its message: the first mention could be older than the message.
   */
  readonly version: number;
}

type Key = 'conversation_id' | 'message_id' | 'user_id';

const keys = ({
  aggregateId,
  payload: { messageId, mentionedUserIds },
}: {
  aggregateId: string;
  payload: { messageId?: string | undefined; mentionedUserIds: readonly string[] };
}) =>
  messageId === undefined
    ? []
    : mentionedUserIds.map((user) => ({
        conversation_id: aggregateId,
        message_id: messageId,
        user_id: user,
      }));

const fold = (_row: unknown, event: { version: bigint }, key: Pick<Mention, Key>) => ({
  ...key,
  version: Number(event.version),
});

/** Whom messages mention. A message costs as many rows as it mentions users. */
export const mentionView = defineView<Mention, Key>({
  name: 'mention_view',
  version: 2,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id', 'message_id', 'user_id'],
  handlers: [
    on(MessageCreatedSchema, { fields: ['messageId', 'mentionedUserIds'], keys, fold }),
    on(MessageEditedSchema, { fields: ['messageId', 'mentionedUserIds'], keys, fold }),
  ],
});
