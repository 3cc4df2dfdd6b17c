import type {
  ListUserConversationsRequest,
  ListUserConversationsResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { JsonValue, MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { gatherPage } from '@nova/service-kit';
import {
  type ConversationDetails,
  conversationDetails,
  conversationsOf,
  type ListPlace,
} from '../storage/conversations.ts';
import { shownConversations } from './conversation-list.ts';
import type { Dependencies } from './dependencies.ts';
import { PAGE_SIZES } from './page-sizes.ts';
import { RequestFields } from './request-fields.ts';

/** A place of the list with what is there. */
interface Listed {
  readonly place: ListPlace;
  readonly details: ConversationDetails | undefined;
}

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
      const { rows, goesOn } = await gatherPage<Listed>({ size }, async (last, limit) => {
        const from = last?.place ?? after;
        const places = await conversationsOf(views, userId, { includeHidden, after: from, limit });
        const ids = places.map(({ conversation_id }) => conversation_id);
        const details = await conversationDetails(views, userId, ids);
        return places.map((place) => ({ place, details: details.get(place.conversation_id) }));
      });
      const last = goesOn ? rows.at(-1) : undefined;
      const found = rows.flatMap(({ details }) => details ?? []);
      return {
        conversations: await shownConversations(views, userId, found),
        nextPageToken:
          last === undefined ? '' : pageTokens.encode(call.method, filter, positionOf(last.place)),
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
