import { defineView, type Key, on, type ViewEvent } from '@nova/projection';
import {
  UserCreatedSchema,
  UserDeletedSchema,
  UserStatusChangedSchema,
  UserUpdatedSchema,
} from '@nova/proto/gen/events/user_events_pb';
import { indexedWithHead } from '../../domain/document-words.ts';
import { microsOfText } from '../../domain/moments.ts';

interface User {
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly avatar_url: string;
  readonly bio: string;
  readonly is_verified: boolean;
  readonly status: string;
  readonly info_ver: number | null;
  readonly created_at: number;
  readonly words: string;
}

interface Profile {
  readonly username?: string | undefined;
  readonly displayName?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly bio?: string | undefined;
  readonly isVerified?: boolean | undefined;
  readonly infoVer?: bigint | undefined;
}

type ProfileEvent = Pick<ViewEvent<Profile>, 'payload' | 'occurredAt'>;
type UserKey = Key<User, 'user_id'>;

const keys = ({ aggregateId }: { readonly aggregateId: string }) => [{ user_id: aggregateId }];

function unknown(key: UserKey, occurredAt: string): User {
  const names = { username: '', display_name: '', avatar_url: '', bio: '' };
  return {
    ...key,
    ...names,
    is_verified: false,
    status: 'active',
    info_ver: null,
    created_at: microsOfText(occurredAt),
    words: '',
  };
}

/** Publishers may give more than a number can tell apart. */
function safe(given: bigint): number {
  return Math.min(Math.max(Number(given), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** What is given counts, unless the identity system has given something newer before. */
function described(row: User, { payload }: ProfileEvent): User {
  const { infoVer } = payload;
  if (infoVer !== undefined && row.info_ver !== null && safe(infoVer) < row.info_ver) return row;
  const username = payload.username ?? row.username;
  const display_name = payload.displayName ?? row.display_name;
  const bio = payload.bio ?? row.bio;
  return {
    ...row,
    username,
    display_name,
    bio,
    avatar_url: payload.avatarUrl ?? row.avatar_url,
    is_verified: payload.isVerified ?? row.is_verified,
    info_ver: infoVer === undefined ? row.info_ver : safe(infoVer),
    words: indexedWithHead([username, display_name], [bio]),
  };
}

/**
 * Profiles with their words. A closed account leaves an empty row, which hides what the user wrote
 * and is filled again only when the user is created again.
 */
export const userView = defineView<User, 'user_id'>({
  name: 'user_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['user_id'],
  handlers: [
    on(UserCreatedSchema, {
      fields: ['infoVer', 'username', 'displayName', 'bio', 'avatarUrl', 'isVerified'],
      keys,
      fold(row, event, key) {
        const isNew = row === undefined || row.status === 'deleted';
        return described(isNew ? unknown(key, event.occurredAt) : row, event);
      },
    }),
    on(UserUpdatedSchema, {
      fields: ['infoVer', 'username', 'displayName', 'bio', 'avatarUrl', 'isVerified'],
      keys,
      fold(row, event, key) {
        if (row?.status === 'deleted') return row;
        return described(row ?? unknown(key, event.occurredAt), event);
      },
    }),
    on(UserStatusChangedSchema, {
      fields: ['status'],
      keys,
      fold(row, { payload: { status = 'active' }, occurredAt }, key) {
        if (row?.status === 'deleted' || row?.status === status) return row;
        return { ...(row ?? unknown(key, occurredAt)), status };
      },
    }),
    on(UserDeletedSchema, {
      fields: [],
      keys,
      fold: (_row, { occurredAt }, key) => ({ ...unknown(key, occurredAt), status: 'deleted' }),
    }),
  ],
});
