import { defineView, type Key, on } from '@nova/projection';
import {
  FriendAddedSchema,
  FriendRemovedSchema,
  UserBlockedSchema,
  UserUnblockedSchema,
} from '@nova/proto/gen/messaging/contact_events_pb';

interface Contact {
  readonly contact_id: string;
  readonly user_id: string;
  readonly friend_id: string;
  readonly is_friend: boolean;
  readonly is_blocked: boolean;
}

interface Pair {
  readonly userId?: string | undefined;
  readonly friendId?: string | undefined;
}

const keys = ({ aggregateId }: { readonly aggregateId: string }) => [{ contact_id: aggregateId }];

/** A fold that notes what the event says of a contact. */
function noting(said: Partial<Pick<Contact, 'is_friend' | 'is_blocked'>>) {
  return (
    row: Contact | undefined,
    { payload: { userId, friendId } }: { readonly payload: Pair },
    key: Key<Contact, 'contact_id'>,
  ): Contact | undefined => {
    if (userId === undefined || friendId === undefined) return row;
    const before = row ?? { ...key, is_friend: false, is_blocked: false };
    return { ...before, user_id: userId, friend_id: friendId, ...said };
  };
}

/** Who is whose friend, and who has blocked whom: posts for friends are found by friends only. */
export const contactView = defineView<Contact, 'contact_id'>({
  name: 'contact_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['contact_id'],
  handlers: [
    on(FriendAddedSchema, {
      fields: ['userId', 'friendId'],
      keys,
      fold: noting({ is_friend: true }),
    }),
    on(FriendRemovedSchema, {
      fields: ['userId', 'friendId'],
      keys,
      fold: noting({ is_friend: false }),
    }),
    on(UserBlockedSchema, {
      fields: ['userId', 'friendId'],
      keys,
      fold: noting({ is_blocked: true }),
    }),
    on(UserUnblockedSchema, {
      fields: ['userId', 'friendId'],
      keys,
      fold: noting({ is_blocked: false }),
    }),
  ],
});
