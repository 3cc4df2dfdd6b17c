import { defineView, on } from '@nova/projection';
import { ConversationSettingsChangedSchema } from '@nova/proto/gen/messaging/participant_events_pb';

/** A conversation that a user has muted. */
export interface Mute {
  readonly participant_id: string;
  readonly conversation_id: string;
  readonly user_id: string;
}

/** Muted conversations, by user. */
export const muteView = defineView<Mute, 'participant_id'>({
  name: 'mute_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['participant_id'],
  handlers: [
    on(ConversationSettingsChangedSchema, {
      fields: ['muted', 'conversationId', 'userId'],
      keys: ({ aggregateId }) => [{ participant_id: aggregateId }],
      fold(row, { payload }, key) {
        // Only what changed is given.
        if (payload.muted === undefined) return row;
        const { conversationId = '', userId = '' } = payload;
        return payload.muted
          ? { ...key, conversation_id: conversationId, user_id: userId }
          : undefined;
      },
    }),
  ],
});
