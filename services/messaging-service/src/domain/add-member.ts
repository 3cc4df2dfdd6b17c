import { NovaError } from '@nova/errors';
import { MemberAddedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { errors } from '../errors.ts';
import type { Roster } from './conversation.ts';
import type { Decided } from './decision.ts';
import type { MemberRole, Membership } from './membership.ts';
import { memberOf, type Place, sayOf } from './standing.ts';

/** Somebody to be added, by whom, and what is known of both. */
export interface MemberToAdd {
  readonly by: Place;
  readonly memberId: string;
  readonly role: MemberRole;
  readonly membership: Membership | undefined;
  readonly roster: Roster | undefined;
}

/**
 * Adds a member to a group. Who is one already stays as they are.
 *
 * @throws what `memberOf` throws, MESSAGING_MEMBERS_FIXED, MESSAGING_ROLE_NEEDED
 */
export function addMember({ by, memberId, role, membership, roster }: MemberToAdd): Decided {
  const standing = memberOf(by);
  const { conversationId, userId } = by;
  if (standing.conversation.kind === 'direct') {
    throw new NovaError(errors.MESSAGING_MEMBERS_FIXED, { conversation_id: conversationId });
  }
  const say = sayOf(standing, roster);
  const isAllowed = role === 'member' ? say !== 'member' : say === 'owner';
  if (!isAllowed) {
    throw new NovaError(errors.MESSAGING_ROLE_NEEDED, {
      what: `adding ${role === 'member' ? 'a member' : `an ${role}`}`,
      role: role === 'member' ? 'owner or admin' : 'owner',
      user_id: userId,
      actual: standing.membership.role,
    });
  }
  if (membership?.is_member === true) return { events: [], reply: { added: false } };
  const payload = { user_id: memberId, added_by: userId, role };
  return {
    events: [{ schema: MemberAddedSchema, aggregateId: conversationId, payload }],
    reply: { added: true },
  };
}
