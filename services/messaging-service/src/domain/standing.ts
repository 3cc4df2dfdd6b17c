import { NovaError } from '@nova/errors';
import { errors } from '../errors.ts';
import type { Conversation, Roster } from './conversation.ts';
import type { MemberRole, Membership } from './membership.ts';

/** Somebody in a conversation, as far as rows tell. */
export interface Place {
  readonly conversationId: string;
  readonly userId: string;
  readonly conversation: Conversation | undefined;
  readonly membership: Membership | undefined;
}

/** Somebody who belongs or belonged to a conversation. */
export interface Standing {
  readonly conversation: Conversation;
  readonly membership: Membership;
  /** Belongs to it at present. */
  readonly isMember: boolean;
}

/**
 * What a user is in a conversation. Whoever never belonged to it learns nothing of it, not even
 * whether there is one: the id of a direct conversation can be computed by anybody. A conversation
 * that nobody has created belongs to those who sent or got a message in it.
 *
 * @throws MESSAGING_CONVERSATION_NOT_FOUND
 */
export function standingOf({ conversationId, userId, ...rows }: Place): Standing {
  const { conversation, membership } = rows;
  if (conversation !== undefined && membership !== undefined) {
    const { windows, is_member } = membership;
    const isMet = conversation.kind === null && windows.length === 0;
    if (windows.length > 0 || isMet) {
      return { conversation, membership, isMember: is_member || isMet };
    }
  }
  throw new NovaError(errors.MESSAGING_CONVERSATION_NOT_FOUND, {
    conversation_id: conversationId,
    user_id: userId,
  });
}

/**
 * As {@link standingOf}, for what only members do.
 *
 * @throws MESSAGING_CONVERSATION_NOT_FOUND, MESSAGING_MEMBER_NEEDED, MESSAGING_CONVERSATION_CLOSED
 */
export function memberOf(place: Place): Standing {
  const standing = standingOf(place);
  const { conversationId: conversation_id, userId: user_id } = place;
  if (!standing.isMember) {
    throw new NovaError(errors.MESSAGING_MEMBER_NEEDED, { conversation_id, user_id });
  }
  if (standing.conversation.is_closed) {
    throw new NovaError(errors.MESSAGING_CONVERSATION_CLOSED, { conversation_id });
  }
  return standing;
}

/**
 * The say that a member has. A group may have lost its owners by events published by hand, or never
 * had one: then its admins act as owners, and where there are none either, everybody does.
 */
export function sayOf({ membership }: Standing, roster: Roster | undefined): MemberRole {
  if (roster !== undefined && roster.owner_ids.length > 0) return membership.role;
  if (roster === undefined || roster.admin_ids.length === 0) return 'owner';
  return membership.role === 'admin' ? 'owner' : membership.role;
}
