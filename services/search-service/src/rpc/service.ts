import { SearchService } from '@nova/proto/gen/search/search_service_pb';
import { implement, type ServiceImplementation } from '@nova/rpc';
import type { Dependencies } from './dependencies.ts';
import { fullTextSearch } from './full-text-search.ts';
import { searchMessages } from './search-messages.ts';
import { searchPosts } from './search-posts.ts';
import { searchUsers } from './search-users.ts';

/** Every RPC of search-service with who may call it: what is found depends on whom. */
export function searchService(dependencies: Dependencies): ServiceImplementation {
  return implement(
    SearchService,
    {
      searchMessages: searchMessages(dependencies),
      searchPosts: searchPosts(dependencies),
      searchUsers: searchUsers(dependencies),
      fullTextSearch: fullTextSearch(dependencies),
    },
    {
      searchMessages: 'authenticated',
      searchPosts: 'authenticated',
      searchUsers: 'authenticated',
      fullTextSearch: 'authenticated',
    },
  );
}
