import { isNovaError } from '@nova/errors';
import type { Conversation, Roster } from './conversation.ts';
import type { Decided } from './decision.ts';
import type { MemberRole, Membership } from './membership.ts';
import type { Place } from './standing.ts';

export const ROOM = '550e8400-e29b-41d4-a716-446655440000';
export const [ANN, BOB, EVE] = ['ann', 'bob', 'eve'] as const;

export const conversation = (more: Partial<Conversation> = {}): Conversation => ({
  conversation_id: ROOM,
  kind: 'group',
  creator_id: ANN,
  name: null,
  avatar_url: null,
  info_ver: null,
  peer_ids: [],
  is_closed: false,
  created_at: null,
  last_sequence: 0,
  last_activity_at: '',
  ...more,
});

export const member = (userId: string, role: MemberRole = 'member'): Membership => ({
  conversation_id: ROOM,
  user_id: userId,
  is_member: true,
  role,
  windows: [0],
  met_version: null,
});

export const former = (userId: string): Membership => ({
  ...member(userId),
  is_member: false,
  windows: [0, 9],
});

export const met = (userId: string): Membership => ({
  ...former(userId),
  windows: [],
  met_version: 3,
});

export const place = (
  membership: Membership | undefined,
  more: Partial<Conversation> = {},
): Place => ({
  conversationId: ROOM,
  userId: membership?.user_id ?? EVE,
  conversation: conversation(more),
  membership,
});

export const roster = (more: Partial<Roster> = {}): Roster => ({
  conversation_id: ROOM,
  owner_ids: [ANN],
  admin_ids: [],
  last_joined_version: 5,
  ...more,
});

/** Event types with their payloads, or why not. */
export function outcomeOf(decide: () => Decided): unknown {
  try {
    const { events, reply } = decide();
    return [reply, ...events.map(({ schema, payload }) => [schema.name, payload])];
  } catch (thrown) {
    if (isNovaError(thrown)) return thrown.code;
    throw thrown;
  }
}

export const HIDDEN = 'NOVA_MESSAGING_CONVERSATION_NOT_FOUND';
export const LEFT = 'NOVA_MESSAGING_MEMBER_NEEDED';
export const CLOSED = 'NOVA_MESSAGING_CONVERSATION_CLOSED';
export const ROLE = 'NOVA_MESSAGING_ROLE_NEEDED';
export const FIXED = 'NOVA_MESSAGING_MEMBERS_FIXED';
