import { defineView, on } from '@nova/projection';
import {
  UserCreatedSchema,
  UserDeletedSchema,
  UserStatusChangedSchema,
  UserUpdatedSchema,
} from '@nova/proto/gen/events/user_events_pb';
import { LENGTHS } from '../../domain/notice.ts';
import { plainText } from '../../domain/plain-text.ts';

/** A user as far as notices need it. */
export interface User {
  readonly user_id: string;
  readonly username: string | null;
  readonly display_name: string | null;
  /** active, suspended, deactivated or deleted. */
  readonly status: string;
}

interface Names {
  readonly username?: string | undefined;
  readonly displayName?: string | undefined;
}

const keys = ({ aggregateId }: { aggregateId: string }) => [{ user_id: aggregateId }];
const none = { username: null, display_name: null, status: 'active' };

/** The row with the names that are given. */
function named<Row extends Omit<User, 'user_id'>>(row: Row, { username, displayName }: Names): Row {
  return {
    ...row,
    ...(username === undefined ? {} : { username: plainText(username, LENGTHS.name) }),
    ...(displayName === undefined ? {} : { display_name: plainText(displayName, LENGTHS.name) }),
  };
}

/** Names and states of users. */
export const userView = defineView<User, 'user_id'>({
  name: 'user_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['user_id'],
  handlers: [
    on(UserCreatedSchema, {
      fields: ['username', 'displayName'],
      keys,
      fold(row, { payload }, key) {
        const before = row === undefined || row.status === 'deleted' ? none : row;
        return named({ ...before, ...key }, payload);
      },
    }),
    on(UserUpdatedSchema, {
      fields: ['username', 'displayName'],
      keys,
      fold: (row, { payload }, key) => named({ ...(row ?? none), ...key }, payload),
    }),
    on(UserStatusChangedSchema, {
      fields: ['status'],
      keys,
      fold(row, { payload }, key) {
        // A closed account stays closed until it is created anew.
        if (row?.status === 'deleted' || payload.status === undefined) return row;
        return { ...(row ?? none), ...key, status: payload.status };
      },
    }),
    on(UserDeletedSchema, {
      fields: [],
      keys,
      fold: (_row, _event, key) => ({ ...none, ...key, status: 'deleted' }),
    }),
  ],
});
