import {
  type RemoveMemberRequest,
  RemoveMemberRequestSchema,
  type RemoveMemberResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { rowRef } from '@nova/service-kit';
import { removeMember } from '../domain/remove-member.ts';
import { otherMembers } from '../storage/conversations.ts';
import { rosterView } from '../views/roster_view/roster-view.ts';
import type { Dependencies } from './dependencies.ts';
import { conversationDecides, membershipOf, placeOf, placeRows } from './places.ts';
import { RequestFields } from './request-fields.ts';

/** Removes a member from a group, or leaves it. */
export function removeMemberRpc({ commands, queries }: Dependencies) {
  return async (
    request: RemoveMemberRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof RemoveMemberResponseSchema>> => {
    const { conversationId, memberId, successorId, requestId } = request;
    const fields = new RequestFields();
    fields.id('conversation_id', conversationId);
    fields.id('member_id', memberId);
    fields.optionalId('successor_id', successorId);
    const userId = fields.user(call, request.userId);
    const rosterKey = { conversation_id: conversationId };
    // A decision sees rows by their keys, and this is about all rows but one. Who joins after it is
    // noticed by the roster.
    const others =
      memberId === userId
        ? await queries.run(call, '', (views) => otherMembers(views, conversationId, userId))
        : { present: true, asOf: 0 };
    return commands.run(call, {
      schema: RemoveMemberRequestSchema,
      request,
      requestId,
      decidedBy: [conversationDecides(conversationId)],
      rows: [
        ...placeRows(conversationId, [
          userId,
          memberId,
          ...(successorId === '' ? [] : [successorId]),
        ]),
        rowRef(rosterView, rosterKey),
      ],
      decide: (rows) =>
        removeMember({
          by: placeOf(rows, conversationId, userId),
          memberId,
          membership: membershipOf(rows, conversationId, memberId),
          roster: rows.get(rosterView, rosterKey),
          successor:
            successorId === ''
              ? undefined
              : {
                  userId: successorId,
                  membership: membershipOf(rows, conversationId, successorId),
                },
          others,
        }),
      answer: ({ reply }) => ({ removed: reply['removed'] === true }),
    });
  };
}
