import type {
  SearchMessagesRequest,
  SearchMessagesResponseSchema,
} from '@nova/proto/gen/search/search_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptId } from '../domain/accept-query.ts';
import type { Dependencies } from './dependencies.ts';
import { hitsOf, messageHit, totalOf } from './hit-messages.ts';
import { runSearch } from './run-search.ts';

type Response = MessageInitShape<typeof SearchMessagesResponseSchema>;

/** Finds messages that the user may read. */
export function searchMessages(dependencies: Dependencies) {
  return async (request: SearchMessagesRequest, call: Call): Promise<Response> => {
    const answer = await runSearch(dependencies, call, request, (violations) => {
      const conversationId = acceptId('conversation_id', request.conversationId, violations);
      const senderId = acceptId('sender_id', request.senderId, violations);
      const filter = {
        ...(conversationId === undefined ? {} : { conversationId }),
        ...(senderId === undefined ? {} : { senderId }),
      };
      return { kinds: ['message'], filter };
    });
    return {
      hits: hitsOf(answer, 'message').map((hit) => messageHit(hit, answer.forms)),
      nextPageToken: answer.nextPageToken,
      ...totalOf(answer),
    };
  };
}
