import {
  type RemoveMemberRequest,
  RemoveMemberRequestSchema,
  type RemoveMemberResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import {
  type CommandSpec,
  type DecidedBy,
  type DecisionRows,
  rowRef,
  type StoredAnswer,
} from '@nova/service-kit';
import { sleep } from '@nova/time';
import { removeMember } from '../domain/remove-member.ts';
import { type OtherMembers, otherMembers } from '../storage/conversations.ts';
import { rosterView } from '../views/roster_view/roster-view.ts';
import type { Dependencies } from './dependencies.ts';
import { membershipOf, placeOf, placeRows } from './places.ts';
import { RequestFields } from './request-fields.ts';
import { runInConversation } from './run-in-conversation.ts';

/** The view is looked at so often for who stays. */
const LOOK_MS = 25;

type Answer = MessageInitShape<typeof RemoveMemberResponseSchema>;

const nobody: OtherMembers = { userIds: [], isAll: true, asOf: 0 };

/** The members of whom the view told are gone, and there are or were others. */
class OthersUnknown extends Error {}

/** Removes a member from a group, or leaves it. */
export function removeMemberRpc({ commands, queries }: Dependencies) {
  return async (request: RemoveMemberRequest, call: Call): Promise<Answer> => {
    const { conversationId, memberId, successorId } = request;
    const fields = new RequestFields();
    fields.id('conversation_id', conversationId);
    fields.id('member_id', memberId);
    fields.optionalId('successor_id', successorId);
    const userId = fields.user(call, request.userId);
    for (;;) {
      // A decision sees rows by their keys: it must know whom an owner who leaves may leave behind.
      const others =
        memberId === userId
          ? await queries.run(call, '', (views) => otherMembers(views, conversationId, userId))
          : nobody;
      try {
        return await runInConversation(commands, call, conversationId, (decides) =>
          specOf(request, userId, others, decides),
        );
      } catch (thrown) {
        if (!(thrown instanceof OthersUnknown)) throw thrown;
      }
      await sleep(LOOK_MS, call.signal);
      call.signal.throwIfAborted();
    }
  };
}

function specOf(
  request: RemoveMemberRequest,
  userId: string,
  others: OtherMembers,
  decides: DecidedBy,
): CommandSpec<Answer> {
  const { conversationId, memberId, successorId, requestId } = request;
  const successors = successorId === '' ? [] : [successorId];
  return {
    schema: RemoveMemberRequestSchema,
    request,
    requestId,
    decidedBy: [decides],
    rows: [
      ...placeRows(conversationId, [userId, memberId, ...successors, ...others.userIds]),
      rowRef(rosterView, { conversation_id: conversationId }),
    ],
    decide(rows) {
      const [successor] = successors.map((id) => ({
        userId: id,
        membership: membershipOf(rows, conversationId, id),
      }));
      return removeMember({
        by: placeOf(rows, conversationId, userId),
        memberId,
        membership: membershipOf(rows, conversationId, memberId),
        roster: rows.get(rosterView, { conversation_id: conversationId }),
        successor,
        hasOthers: () => hasOthers(rows, conversationId, others),
      });
    },
    answer: ({ reply }: StoredAnswer) => ({ removed: reply['removed'] === true }),
  };
}

/**
 * Whether others are members, after all that is known by now.
 *
 * @throws OthersUnknown when only a newer look at the view can tell
 */
function hasOthers(rows: DecisionRows, conversationId: string, others: OtherMembers): boolean {
  const { userIds, isAll, asOf } = others;
  if (userIds.some((id) => membershipOf(rows, conversationId, id)?.is_member === true)) return true;
  const roster = rows.get(rosterView, { conversation_id: conversationId });
  if (isAll && (roster?.last_joined_version ?? 0) <= asOf) return false;
  throw new OthersUnknown('who stays in the conversation is known only later');
}
