import type {
  GetConversationRequest,
  GetConversationResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { conversationDetails } from '../storage/conversations.ts';
import { notFound } from './answers.ts';
import { shownConversations } from './conversation-list.ts';
import type { Dependencies } from './dependencies.ts';
import { RequestFields } from './request-fields.ts';

/** One conversation as a user sees it. */
export function getConversationRpc({ queries }: Dependencies) {
  return async (
    request: GetConversationRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof GetConversationResponseSchema>> => {
    const { conversationId, minConsistencyToken } = request;
    const fields = new RequestFields();
    fields.id('conversation_id', conversationId);
    const userId = fields.user(call, request.userId);
    const [found] = await queries.run(call, minConsistencyToken, async (views) => {
      const details = await conversationDetails(views, userId, [conversationId]);
      return shownConversations(views, userId, [...details.values()]);
    });
    if (found === undefined) throw notFound({ conversationId, userId });
    return { conversation: found };
  };
}
