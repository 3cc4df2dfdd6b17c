import type {
  GetMessageRequest,
  GetMessageResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { mayRead, messageKey, messageOf, reactionsTo } from '../storage/chat-messages.ts';
import { chatMessage, messageNotFound, notFound } from './answers.ts';
import type { Dependencies } from './dependencies.ts';
import { RequestFields } from './request-fields.ts';

/** One message that a user may read. */
export function getMessageRpc({ queries }: Dependencies) {
  return async (
    request: GetMessageRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof GetMessageResponseSchema>> => {
    const { conversationId, messageId, minConsistencyToken } = request;
    const fields = new RequestFields();
    fields.id('conversation_id', conversationId);
    fields.id('message_id', messageId);
    const reader = { userId: fields.user(call, request.userId), conversationId };
    return queries.run(call, minConsistencyToken, async (views) => {
      const message = await messageOf(views, reader, messageId);
      if (message === undefined) {
        if (!(await mayRead(views, reader))) throw notFound(reader);
        throw messageNotFound(conversationId, messageId);
      }
      const reactions = await reactionsTo(views, reader.userId, [message]);
      return { message: chatMessage(message, reactions.get(messageKey(message))) };
    });
  };
}
