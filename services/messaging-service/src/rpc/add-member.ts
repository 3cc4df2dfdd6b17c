import {
  type AddMemberRequest,
  AddMemberRequestSchema,
  type AddMemberResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { rowRef } from '@nova/service-kit';
import { addMember } from '../domain/add-member.ts';
import { roleNamed } from '../domain/membership.ts';
import { rosterView } from '../views/roster_view/roster-view.ts';
import type { Dependencies } from './dependencies.ts';
import { membershipOf, placeOf, placeRows } from './places.ts';
import { RequestFields } from './request-fields.ts';
import { runInConversation } from './run-in-conversation.ts';

/** Adds a member to a group. */
export function addMemberRpc({ commands }: Dependencies) {
  return async (
    request: AddMemberRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof AddMemberResponseSchema>> => {
    const { conversationId, memberId, requestId } = request;
    const fields = new RequestFields();
    fields.id('conversation_id', conversationId);
    fields.id('member_id', memberId);
    fields.word('role', request.role, ['', 'owner', 'admin', 'member']);
    const userId = fields.user(call, request.userId);
    const rosterKey = { conversation_id: conversationId };
    return runInConversation(commands, call, conversationId, (decides) => ({
      schema: AddMemberRequestSchema,
      request,
      requestId,
      decidedBy: [decides],
      rows: [...placeRows(conversationId, [userId, memberId]), rowRef(rosterView, rosterKey)],
      decide: (rows) =>
        addMember({
          by: placeOf(rows, conversationId, userId),
          memberId,
          role: roleNamed(request.role) ?? 'member',
          membership: membershipOf(rows, conversationId, memberId),
          roster: rows.get(rosterView, rosterKey),
        }),
      answer: ({ reply }) => ({ added: reply['added'] === true }),
    }));
  };
}
