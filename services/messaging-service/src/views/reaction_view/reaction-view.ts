import { createHash } from 'node:crypto';
import { defineView, on } from '@nova/projection';
import {
  MessageReactionAddedSchema,
  MessageReactionRemovedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';

/** One user's reaction to a message. */
interface Reaction {
  readonly conversation_id: string;
  readonly message_id: string;
  readonly emoji_key: string;
  readonly user_id: string;
  readonly emoji: string;
}

type Key = 'conversation_id' | 'message_id' | 'emoji_key' | 'user_id';

// Nothing says how long an emoji is, and an index entry has at most 2,704 bytes.
const MAX_KEY_BYTES = 64;

function emojiKey(emoji: string): string {
  if (Buffer.byteLength(emoji) <= MAX_KEY_BYTES) return emoji;
  return `sha256:${createHash('sha256').update(emoji).digest('hex')}`;
}

const keys = ({
  aggregateId,
  payload: { messageId, userId, emoji },
}: {
  aggregateId: string;
  payload: {
    messageId?: string | undefined;
    userId?: string | undefined;
    emoji?: string | undefined;
  };
}) =>
  messageId === undefined || userId === undefined || emoji === undefined
    ? []
    : [
        {
          conversation_id: aggregateId,
          message_id: messageId,
          emoji_key: emojiKey(emoji),
          user_id: userId,
        },
      ];

/** Who reacted to what, and how; the same reaction given twice is one. */
export const reactionView = defineView<Reaction, Key>({
  name: 'reaction_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id', 'message_id', 'emoji_key', 'user_id'],
  handlers: [
    on(MessageReactionAddedSchema, {
      fields: ['messageId', 'userId', 'emoji'],
      keys,
      fold: (row, { payload }, key) => row ?? { ...key, emoji: payload.emoji ?? '' },
    }),
    on(MessageReactionRemovedSchema, {
      fields: ['messageId', 'userId', 'emoji'],
      keys,
      fold: () => undefined,
    }),
  ],
});
