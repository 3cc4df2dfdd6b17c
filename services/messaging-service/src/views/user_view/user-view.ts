import { defineView, on } from '@nova/projection';
import {
  UserCreatedSchema,
  UserDeletedSchema,
  UserUpdatedSchema,
} from '@nova/proto/gen/events/user_events_pb';
import { isOutdated, safeNumber } from '../fold-values.ts';

/** What a user is called. */
interface User {
  readonly user_id: string;
  readonly username: string | null;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
  /** Version of the profile at the identity system. */
  readonly info_ver: number | null;
}

interface Profile {
  readonly username?: string | undefined;
  readonly displayName?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly infoVer?: bigint | undefined;
}

const keys = ({ aggregateId }: { aggregateId: string }) => [{ user_id: aggregateId }];

/** What is given counts, unless the identity system has given something newer before. */
function fold(
  row: User | undefined,
  { payload }: { payload: Profile },
  key: Pick<User, 'user_id'>,
): User | undefined {
  const { username, displayName, avatarUrl, infoVer } = payload;
  if (row !== undefined && isOutdated(infoVer, row.info_ver)) return row;
  return {
    ...key,
    username: username ?? row?.username ?? null,
    display_name: displayName ?? row?.display_name ?? null,
    avatar_url: avatarUrl ?? row?.avatar_url ?? null,
    info_ver: infoVer === undefined ? (row?.info_ver ?? null) : safeNumber(infoVer),
  };
}

/** Names of users. A closed account has none. */
export const userView = defineView<User, 'user_id'>({
  name: 'user_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['user_id'],
  handlers: [
    on(UserCreatedSchema, {
      fields: ['username', 'displayName', 'avatarUrl', 'infoVer'],
      keys,
      fold,
    }),
    on(UserUpdatedSchema, {
      fields: ['username', 'displayName', 'avatarUrl', 'infoVer'],
      keys,
      fold,
    }),
    on(UserDeletedSchema, { fields: [], keys, fold: () => undefined }),
  ],
});
