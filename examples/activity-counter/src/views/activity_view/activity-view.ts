import { defineView, on } from '@nova/projection';
import {
  MemberAddedSchema,
  MessageCreatedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';

interface Activity {
  readonly conversation_id: string;
  readonly messages: number;
  readonly members_added: number;
  readonly last_active_at: string;
}

const keys = ({ aggregateId }: { aggregateId: string }) => [{ conversation_id: aggregateId }];
const none = { messages: 0, members_added: 0 };

/** What went on in each conversation. */
export const activityView = defineView<Activity, 'conversation_id'>({
  name: 'activity_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id'],
  handlers: [
    on(MessageCreatedSchema, {
      fields: [],
      keys,
      fold(row, { storedAt }, key) {
        const { messages, members_added } = row ?? none;
        return { ...key, messages: messages + 1, members_added, last_active_at: storedAt };
      },
    }),
    on(MemberAddedSchema, {
      fields: [],
      keys,
      fold(row, { storedAt }, key) {
        const { messages, members_added } = row ?? none;
        return { ...key, messages, members_added: members_added + 1, last_active_at: storedAt };
      },
    }),
  ],
});
