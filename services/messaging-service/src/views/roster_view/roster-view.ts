import { defineView, on, type ViewEvent } from '@nova/projection';
import {
  ConversationCreatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
  MemberRoleChangedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import type { Message } from '@nova/proto/runtime';
import type { Roster } from '../../domain/conversation.ts';
import { type MemberRole, roleNamed } from '../../domain/membership.ts';

type Key = Pick<Roster, 'conversation_id'>;

const keys = ({ aggregateId }: { aggregateId: string }) => [{ conversation_id: aggregateId }];

const without = (ids: readonly string[], id: string) => ids.filter((one) => one !== id);

function withRole(roster: Roster, userId: string, role: MemberRole | undefined): Roster {
  const { owner_ids, admin_ids } = roster;
  const current = roleIn(roster, userId);
  if (role === undefined || role === current) return roster;
  const owners = without(owner_ids, userId);
  const admins = without(admin_ids, userId);
  return {
    ...roster,
    owner_ids: role === 'owner' ? [...owners, userId] : owners,
    admin_ids: role === 'admin' ? [...admins, userId] : admins,
  };
}

function roleIn({ owner_ids, admin_ids }: Roster, userId: string): MemberRole {
  if (owner_ids.includes(userId)) return 'owner';
  return admin_ids.includes(userId) ? 'admin' : 'member';
}

function joining(row: Roster | undefined, event: ViewEvent<Message>, key: Key): Roster {
  const before = row ?? { ...key, owner_ids: [], admin_ids: [] };
  return { ...before, last_joined_version: Number(event.version) };
}

/**
 * Who has a say in a group: what a decision must know of its members without reading all of them.
 * It follows the same rules as the roles in member_view.
 */
export const rosterView = defineView<Roster, 'conversation_id'>({
  name: 'roster_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['conversation_id'],
  handlers: [
    on(ConversationCreatedSchema, {
      fields: ['kind', 'creatorId'],
      keys,
      fold(row, event, key) {
        const { kind, creatorId = '' } = event.payload;
        const isOwner = event.typeSequence === 1n && kind !== 'direct';
        return withRole(joining(row, event, key), creatorId, isOwner ? 'owner' : undefined);
      },
    }),
    on(MemberAddedSchema, {
      fields: ['userId', 'role'],
      keys,
      fold: (row, event, key) =>
        withRole(
          joining(row, event, key),
          event.payload.userId ?? '',
          roleNamed(event.payload.role),
        ),
    }),
    on(MemberRoleChangedSchema, {
      fields: ['userId', 'role'],
      keys,
      fold: (row, event, key) =>
        withRole(
          joining(row, event, key),
          event.payload.userId ?? '',
          roleNamed(event.payload.role),
        ),
    }),
    on(MemberRemovedSchema, {
      fields: ['userId'],
      keys,
      fold: (row, event) =>
        row === undefined ? row : withRole(row, event.payload.userId ?? '', 'member'),
    }),
  ],
});
