import type { Queryable } from '@nova/postgres';
import type { PageTokens, Queries } from '@nova/service-kit';
import type { SearchEngine } from '../domain/search-engine.ts';

/** What the RPCs work with. */
export interface Dependencies {
  readonly queries: Queries;
  readonly pageTokens: PageTokens;
  /** The engine over the views of one query. */
  readonly engineOver: (views: Queryable) => SearchEngine;
}
