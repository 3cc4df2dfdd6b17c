import type {
  ListUserConversationsRequest,
  ListUserConversationsResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { JsonValue, MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { conversationsOf, type ListPlace } from '../storage/conversations.ts';
import { readConversations } from './conversation-list.ts';
import type { Dependencies } from './dependencies.ts';
import { PAGE_SIZES } from './page-sizes.ts';
import { RequestFields } from './request-fields.ts';

/** A user's conversations, page by page. */
export function listUserConversationsRpc({ queries, pageTokens }: Dependencies) {
  return async (
    request: ListUserConversationsRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof ListUserConversationsResponseSchema>> => {
    const { includeHidden, pageToken, minConsistencyToken } = request;
    const userId = new RequestFields().user(call, request.userId);
    const size = pageTokens.pageSize(request.pageSize, PAGE_SIZES);
    const filter = { user_id: userId, include_hidden: includeHidden };
    const after = placeIn(pageTokens.decode(call.method, filter, pageToken));
    return queries.run(call, minConsistencyToken, async (views) => {
      // One more than asked for tells whether the list goes on.
      const found = await conversationsOf(views, userId, { includeHidden, after, limit: size + 1 });
      const places = found.slice(0, size);
      const ids = places.map(({ conversation_id }) => conversation_id);
      const last = places.at(-1);
      return {
        conversations: await readConversations(views, userId, ids),
        nextPageToken:
          found.length > size && last !== undefined
            ? pageTokens.encode(call.method, filter, positionOf(last))
            : '',
      };
    });
  };
}

function positionOf({ is_pinned, last_activity_at, conversation_id }: ListPlace) {
  return [is_pinned, last_activity_at, conversation_id];
}

/** The place that a token names; `positionOf` wrote it. */
function placeIn(position: JsonValue | undefined): ListPlace | undefined {
  if (!Array.isArray(position)) return undefined;
  const [isPinned, lastActivityAt, conversationId] = position;
  return {
    is_pinned: isPinned === true,
    last_activity_at: String(lastActivityAt),
    conversation_id: String(conversationId),
  };
}
