import type {
  SearchUsersRequest,
  SearchUsersResponseSchema,
} from '@nova/proto/gen/search/search_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import type { Dependencies } from './dependencies.ts';
import { hitsOf, totalOf, userHit } from './hit-messages.ts';
import { runSearch } from './run-search.ts';

type Response = MessageInitShape<typeof SearchUsersResponseSchema>;

/** Finds users by their names and biographies. */
export function searchUsers(dependencies: Dependencies) {
  return async (request: SearchUsersRequest, call: Call): Promise<Response> => {
    const { verifiedOnly } = request;
    const answer = await runSearch(dependencies, call, request, () => ({
      kinds: ['user'],
      filter: { verifiedOnly },
    }));
    return {
      hits: hitsOf(answer, 'user').map((hit) => userHit(hit, answer.forms)),
      nextPageToken: answer.nextPageToken,
      ...totalOf(answer),
    };
  };
}
