import type {
  FullTextSearchRequest,
  FullTextSearchResponseSchema,
  HitSchema,
} from '@nova/proto/gen/search/search_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptKinds } from '../domain/accept-query.ts';
import type { Forms, Found } from '../domain/search-engine.ts';
import type { Dependencies } from './dependencies.ts';
import { commentHit, messageHit, postHit, userHit } from './hit-messages.ts';
import { runSearch } from './run-search.ts';

type Response = MessageInitShape<typeof FullTextSearchResponseSchema>;

/** Finds documents of all kinds in one list. */
export function fullTextSearch(dependencies: Dependencies) {
  return async (request: FullTextSearchRequest, call: Call): Promise<Response> => {
    const answer = await runSearch(dependencies, call, request, (violations) => ({
      kinds: acceptKinds(request.kinds, violations),
      filter: {},
    }));
    return {
      hits: answer.hits.map((found) => hitOf(found, answer.forms)),
      nextPageToken: answer.nextPageToken,
      counts: answer.counts.map(({ kind, total, isMore }) => ({ kind, totalCount: total, isMore })),
    };
  };
}

function hitOf(found: Found, forms: Forms): MessageInitShape<typeof HitSchema> {
  switch (found.kind) {
    case 'message':
      return { hit: { case: 'message', value: messageHit(found, forms) } };
    case 'user':
      return { hit: { case: 'user', value: userHit(found, forms) } };
    case 'post':
      return { hit: { case: 'post', value: postHit(found, forms) } };
    case 'comment':
      return { hit: { case: 'comment', value: commentHit(found, forms) } };
  }
}
