import { defineView, on, type ViewEvent } from '@nova/projection';
import {
  ConversationClearedSchema,
  ConversationSettingsChangedSchema,
  MessageReadSchema,
} from '@nova/proto/gen/messaging/participant_events_pb';
import type { Participant } from '../../domain/participant.ts';
import { safeNumber } from '../fold-values.ts';

type Key = Pick<Participant, 'participant_id'>;
type Event<Payload = object> = ViewEvent<
  Payload & { conversationId?: string | undefined; userId?: string | undefined }
>;

const keys = ({ aggregateId }: { aggregateId: string }) => [{ participant_id: aggregateId }];

function known(row: Participant | undefined, { payload }: Event, key: Key): Participant {
  if (row !== undefined) return row;
  return {
    ...key,
    conversation_id: payload.conversationId ?? '',
    user_id: payload.userId ?? '',
    last_read_sequence: 0,
    cleared_sequence: 0,
    is_pinned: false,
    is_muted: false,
    is_hidden: false,
    is_starred: false,
  };
}

/** What each user has read, cleared and arranged in a conversation. Marks never move back. */
export const participantView = defineView<Participant, 'participant_id'>({
  name: 'participant_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['participant_id'],
  handlers: [
    on(MessageReadSchema, {
      fields: ['conversationId', 'userId', 'lastReadSequence'],
      keys,
      fold(row, event, key) {
        const before = known(row, event, key);
        const mark = safeNumber(event.payload.lastReadSequence);
        return { ...before, last_read_sequence: Math.max(before.last_read_sequence, mark) };
      },
    }),
    on(ConversationSettingsChangedSchema, {
      fields: ['pinned', 'muted', 'hidden', 'starred', 'conversationId', 'userId'],
      keys,
      fold(row, event, key) {
        const before = known(row, event, key);
        const { pinned, muted, hidden, starred } = event.payload;
        return {
          ...before,
          is_pinned: pinned ?? before.is_pinned,
          is_muted: muted ?? before.is_muted,
          is_hidden: hidden ?? before.is_hidden,
          is_starred: starred ?? before.is_starred,
        };
      },
    }),
    on(ConversationClearedSchema, {
      fields: ['upToSequence', 'conversationId', 'userId'],
      keys,
      fold(row, event, key) {
        const before = known(row, event, key);
        const mark = safeNumber(event.payload.upToSequence);
        return { ...before, cleared_sequence: Math.max(before.cleared_sequence, mark) };
      },
    }),
  ],
});
