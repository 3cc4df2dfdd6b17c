import type {
  GetConversationRequest,
  GetConversationResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { notFound } from './answers.ts';
import { readConversations } from './conversation-list.ts';
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
    const [found] = await queries.run(call, minConsistencyToken, (views) =>
      readConversations(views, userId, [conversationId]),
    );
    if (found === undefined) throw notFound({ conversationId, userId });
    return { conversation: found };
  };
}
