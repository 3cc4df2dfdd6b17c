import { defineView, on } from '@nova/projection';
import {
  MessageCreatedSchema,
  MessageDeletedSchema,
  MessageEditedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import type { StoredMessage } from '../../domain/message.ts';
import { timeOf } from '../fold-values.ts';

const keys = ({
  aggregateId,
  payload,
}: {
  aggregateId: string;
  payload: { messageId?: string | undefined };
}) =>
  payload.messageId === undefined
    ? []
    : [{ conversation_id: aggregateId, message_id: payload.messageId }];

/**
 * Every message that was sent. An edit or a deletion of a message that nobody sent leaves nothing;
 * of two messages with one id the first one stays; what is deleted stays deleted.
 */
export const messageView = defineView<StoredMessage, 'conversation_id' | 'message_id'>({
  name: 'message_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id', 'message_id'],
  handlers: [
    on(MessageCreatedSchema, {
      fields: [
        'messageId',
        'senderId',
        'content',
        'messageType',
        'mentionedUserIds',
        'replyToMessageId',
        'ciphertext',
        'nonce',
        'createdAt',
      ],
      keys,
      fold(row, { payload, typeSequence, version, occurredAt, storedAt }, key) {
        if (row !== undefined) return row;
        return {
          ...key,
          sequence: Number(typeSequence),
          version: Number(version),
          sender_id: payload.senderId ?? '',
          content: payload.content ?? '',
          message_type: payload.messageType ?? 'text',
          mentioned_user_ids: [...new Set(payload.mentionedUserIds)],
          reply_to_message_id: payload.replyToMessageId ?? null,
          ciphertext: payload.ciphertext ?? null,
          nonce: payload.nonce ?? null,
          created_at: timeOf(payload.createdAt, occurredAt),
          stored_at: storedAt,
          edited_at: null,
          is_deleted: false,
        };
      },
    }),
    on(MessageEditedSchema, {
      fields: ['messageId', 'content', 'mentionedUserIds', 'editedAt'],
      keys,
      fold(row, { payload, occurredAt }) {
        if (row === undefined || row.is_deleted) return row;
        return {
          ...row,
          content: payload.content ?? '',
          mentioned_user_ids: [...new Set(payload.mentionedUserIds)],
          edited_at: timeOf(payload.editedAt, occurredAt),
        };
      },
    }),
    on(MessageDeletedSchema, {
      fields: ['messageId'],
      keys,
      fold(row) {
        if (row === undefined || row.is_deleted) return row;
        return {
          ...row,
          content: '',
          mentioned_user_ids: [],
          ciphertext: null,
          nonce: null,
          is_deleted: true,
        };
      },
    }),
  ],
});
