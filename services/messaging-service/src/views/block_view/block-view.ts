import { defineView, on } from '@nova/projection';
import {
  UserBlockedSchema,
  UserUnblockedSchema,
} from '@nova/proto/gen/messaging/contact_events_pb';

/** That a user wants to hear nothing from another. */
export interface Block {
  readonly contact_id: string;
  readonly user_id: string;
  readonly blocked_id: string;
}

const keys = ({ aggregateId }: { aggregateId: string }) => [{ contact_id: aggregateId }];

/** Who has blocked whom. */
export const blockView = defineView<Block, 'contact_id'>({
  name: 'block_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['contact_id'],
  handlers: [
    on(UserBlockedSchema, {
      fields: ['userId', 'friendId'],
      keys,
      fold: (_row, { payload }, key) => ({
        ...key,
        user_id: payload.userId ?? '',
        blocked_id: payload.friendId ?? '',
      }),
    }),
    on(UserUnblockedSchema, { fields: [], keys, fold: () => undefined }),
  ],
});
