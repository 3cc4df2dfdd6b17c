import { isCanonicalUuid } from '@nova/events';
import { defineView, on } from '@nova/projection';
import {
  MessageCreatedSchema,
  MessageDeletedSchema,
  MessageEditedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { indexed } from '../../domain/document-words.ts';
import { momentOf } from '../../domain/moments.ts';

interface Message {
  readonly conversation_id: string;
  readonly message_id: string;
  readonly version: number;
  readonly sender_id: string;
  readonly recipient_id: string | null;
  readonly sent_at: number;
  readonly content: string;
  readonly words: string;
  readonly is_deleted: boolean;
}

const keys = ({
  aggregateId,
  payload,
}: {
  readonly aggregateId: string;
  readonly payload: { readonly messageId?: string | undefined };
}) =>
  isCanonicalUuid(payload.messageId ?? '')
    ? [{ conversation_id: aggregateId, message_id: payload.messageId ?? '' }]
    : [];

/**
 * Messages with their words. Encrypted ones are not here. Of two messages with one id the first one
 * stays; what is deleted leaves an empty row, so that nothing later brings it back.
 */
export const messageView = defineView<Message, 'conversation_id' | 'message_id'>({
  name: 'message_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id', 'message_id'],
  handlers: [
    on(MessageCreatedSchema, {
      fields: ['messageId', 'senderId', 'recipientId', 'content', 'messageType', 'createdAt'],
      keys,
      fold(row, event, key) {
        const { senderId, recipientId, content = '', messageType, createdAt } = event.payload;
        if (row !== undefined || senderId === undefined || messageType === 'encrypted') return row;
        return {
          ...key,
          version: Number(event.version),
          sender_id: senderId,
          recipient_id: recipientId ?? null,
          sent_at: momentOf(createdAt, event),
          content,
          words: indexed(content),
          is_deleted: false,
        };
      },
    }),
    on(MessageEditedSchema, {
      fields: ['messageId', 'content'],
      keys,
      fold(row, { payload: { content = '' } }) {
        if (row === undefined || row.is_deleted) return row;
        return { ...row, content, words: indexed(content) };
      },
    }),
    on(MessageDeletedSchema, {
      fields: ['messageId'],
      keys,
      fold: (row) =>
        row === undefined ? row : { ...row, content: '', words: '', is_deleted: true },
    }),
  ],
});
