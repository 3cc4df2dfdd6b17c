import { defineView, on } from '@nova/projection';
import {
  UserBlockedSchema,
  UserUnblockedSchema,
} from '@nova/proto/gen/messaging/contact_events_pb';

/** A user whom another has blocked. */
export interface Block {
  readonly contact_id: string;
  readonly user_id: string;
  readonly friend_id: string;
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
      fold: (_row, { payload: { userId = '', friendId = '' } }, key) => ({
        ...key,
        user_id: userId,
        friend_id: friendId,
      }),
    }),
    on(UserUnblockedSchema, { fields: [], keys, fold: () => undefined }),
  ],
});
