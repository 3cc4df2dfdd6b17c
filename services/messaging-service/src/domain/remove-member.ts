import { NovaError } from '@nova/errors';
import {
  MemberRemovedSchema,
  MemberRoleChangedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { errors } from '../errors.ts';
import type { Roster } from './conversation.ts';
import type { Decided, DecidedEvent } from './decision.ts';
import type { Membership } from './membership.ts';
import { memberOf, type Place, type Standing, sayOf, standingOf } from './standing.ts';

/** Somebody to be removed, by whom, and what is known of them. */
export interface MemberToRemove {
  readonly by: Place;
  readonly memberId: string;
  readonly membership: Membership | undefined;
  readonly roster: Roster | undefined;
  /** Who follows an owner who leaves. */
  readonly successor:
    | { readonly userId: string; readonly membership: Membership | undefined }
    | undefined;
  /** Whether anybody else is a member; only asked when the last owner leaves. */
  readonly hasOthers: () => boolean;
}

/**
 * Removes a member from a group, or lets oneself go. Who is no member stays that.
 *
 * @throws what `memberOf` throws, MESSAGING_MEMBERS_FIXED, MESSAGING_ROLE_NEEDED,
 * MESSAGING_SUCCESSOR_NEEDED, MESSAGING_SUCCESSOR_UNFIT
 */
export function removeMember(given: MemberToRemove): Decided {
  const { by, memberId } = given;
  const isLeaving = memberId === by.userId;
  // Leaving is possible in a closed conversation too, and twice.
  const standing = isLeaving ? standingOf(by) : memberOf(by);
  if (standing.conversation.kind === 'direct') {
    throw new NovaError(errors.MESSAGING_MEMBERS_FIXED, { conversation_id: by.conversationId });
  }
  return isLeaving ? leave(given, standing) : remove(given, standing);
}

function leave(given: MemberToRemove, standing: Standing): Decided {
  const { by, successor } = given;
  const { membership } = standing;
  if (!membership.is_member) return none;
  const handover: DecidedEvent[] = [];
  if (successor !== undefined) {
    const unfit = unfitness(membership, by, successor);
    if (unfit !== undefined) throw successorUnfit(by, successor.userId, unfit);
    const payload = { user_id: successor.userId, role: 'owner', changed_by: by.userId };
    handover.push({ schema: MemberRoleChangedSchema, aggregateId: by.conversationId, payload });
  } else if (membership.role === 'owner' && isLastOwner(given) && given.hasOthers()) {
    throw new NovaError(errors.MESSAGING_SUCCESSOR_NEEDED, {
      user_id: by.userId,
      conversation_id: by.conversationId,
    });
  }
  return { events: [...handover, removal(given, 'left')], reply: { removed: true } };
}

function remove(given: MemberToRemove, standing: Standing): Decided {
  const { by, membership, roster, successor } = given;
  if (successor !== undefined) {
    throw successorUnfit(by, successor.userId, 'nobody leaves');
  }
  const say = sayOf(standing, roster);
  const role = membership?.is_member === true ? membership.role : 'member';
  if (say === 'member' || (say === 'admin' && role !== 'member')) {
    throw new NovaError(errors.MESSAGING_ROLE_NEEDED, {
      what: role === 'member' ? 'removing a member' : `removing an ${role}`,
      role: role === 'member' ? 'owner or admin' : 'owner',
      user_id: by.userId,
      actual: standing.membership.role,
    });
  }
  if (membership?.is_member !== true) return none;
  return { events: [removal(given, 'removed')], reply: { removed: true } };
}

const none: Decided = { events: [], reply: { removed: false } };

function removal({ by, memberId }: MemberToRemove, reason: 'left' | 'removed'): DecidedEvent {
  return {
    schema: MemberRemovedSchema,
    aggregateId: by.conversationId,
    payload: { user_id: memberId, removed_by: by.userId, reason },
  };
}

function isLastOwner({ by, roster }: MemberToRemove): boolean {
  return roster?.owner_ids.every((owner) => owner === by.userId) ?? true;
}

function unfitness(
  own: Membership,
  by: Place,
  successor: NonNullable<MemberToRemove['successor']>,
): string | undefined {
  if (own.role !== 'owner') return 'who leaves is no owner';
  if (successor.userId === by.userId) return 'it is who leaves';
  return successor.membership?.is_member === true ? undefined : 'it is no member';
}

function successorUnfit(by: Place, userId: string, why: string): NovaError {
  const conversation_id = by.conversationId;
  return new NovaError(errors.MESSAGING_SUCCESSOR_UNFIT, { user_id: userId, conversation_id, why });
}
