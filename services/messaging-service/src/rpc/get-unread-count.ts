import type {
  GetUnreadCountRequest,
  GetUnreadCountResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { mayRead } from '../storage/chat-messages.ts';
import { conversationsOf, countUnread } from '../storage/conversations.ts';
import { counted, notFound } from './answers.ts';
import type { Dependencies } from './dependencies.ts';
import { RequestFields } from './request-fields.ts';

type Views = Parameters<typeof countUnread>[0];

/** How many messages a user has not read. */
export function getUnreadCountRpc({ queries }: Dependencies) {
  return async (
    request: GetUnreadCountRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof GetUnreadCountResponseSchema>> => {
    const { conversationId, minConsistencyToken } = request;
    const fields = new RequestFields();
    fields.optionalId('conversation_id', conversationId);
    const userId = fields.user(call, request.userId);
    return queries.run(call, minConsistencyToken, async (views) => {
      const ids = await conversationsFor(views, userId, conversationId);
      const found = await countUnread(views, userId, ids);
      const unread = counted(found.unread);
      const mentioned = counted(found.mentioned);
      return {
        unreadCount: unread.count,
        isMoreUnread: unread.isMore,
        mentionCount: mentioned.count,
        isMoreMentioned: mentioned.isMore,
      };
    });
  };
}

/** The one conversation, if the user belongs or belonged to it, or all of the user's. */
async function conversationsFor(
  views: Views,
  userId: string,
  conversationId: string,
): Promise<string[]> {
  if (conversationId === '') {
    const all = { includeHidden: true, after: undefined, limit: undefined };
    const places = await conversationsOf(views, userId, all);
    return places.map(({ conversation_id }) => conversation_id);
  }
  if (await mayRead(views, { userId, conversationId })) return [conversationId];
  throw notFound({ conversationId, userId });
}
