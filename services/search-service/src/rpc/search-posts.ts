import type {
  SearchPostsRequest,
  SearchPostsResponseSchema,
} from '@nova/proto/gen/search/search_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptId } from '../domain/accept-query.ts';
import type { Dependencies } from './dependencies.ts';
import { hitsOf, postHit, totalOf } from './hit-messages.ts';
import { runSearch } from './run-search.ts';

type Response = MessageInitShape<typeof SearchPostsResponseSchema>;

/** Finds posts that the user may see. */
export function searchPosts(dependencies: Dependencies) {
  return async (request: SearchPostsRequest, call: Call): Promise<Response> => {
    const answer = await runSearch(dependencies, call, request, (violations) => {
      const authorId = acceptId('author_id', request.authorId, violations);
      return { kinds: ['post'], filter: authorId === undefined ? {} : { authorId } };
    });
    return {
      hits: hitsOf(answer, 'post').map((hit) => postHit(hit, answer.forms)),
      nextPageToken: answer.nextPageToken,
      ...totalOf(answer),
    };
  };
}
