import type { DecidedBy, DecisionRows, RowRef } from '@nova/service-kit';
import { rowRef } from '@nova/service-kit';
import type { Membership } from '../domain/membership.ts';
import type { Place } from '../domain/standing.ts';
import { conversationView } from '../views/conversation_view/conversation-view.ts';
import { memberView } from '../views/member_view/member-view.ts';

const LIFE = ['conversation_created', 'conversation_deleted', 'conversation_reopened'];
const MEMBERS = ['member_added', 'member_removed', 'member_role_changed'];

/** What decides who belongs to a conversation, and anything else that is named. */
export function conversationDecides(conversationId: string, ...more: readonly string[]): DecidedBy {
  return {
    aggregateType: 'conversation',
    aggregateId: conversationId,
    eventTypes: [...LIFE, ...MEMBERS, ...more],
  };
}

/** The rows that {@link placeOf} and {@link membershipOf} look at, for these users. */
export function placeRows(conversationId: string, userIds: readonly string[]): RowRef[] {
  return [
    rowRef(conversationView, { conversation_id: conversationId }),
    ...[...new Set(userIds)].map((userId) =>
      rowRef(memberView, { conversation_id: conversationId, user_id: userId }),
    ),
  ];
}

/** A user in a conversation, by the rows of a decision. */
export function placeOf(rows: DecisionRows, conversationId: string, userId: string): Place {
  return {
    conversationId,
    userId,
    conversation: rows.get(conversationView, { conversation_id: conversationId }),
    membership: membershipOf(rows, conversationId, userId),
  };
}

/** A user's membership, by the rows of a decision. */
export function membershipOf(
  rows: DecisionRows,
  conversationId: string,
  userId: string,
): Membership | undefined {
  return rows.get(memberView, { conversation_id: conversationId, user_id: userId });
}
