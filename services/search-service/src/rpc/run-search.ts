import type { Violation } from '@nova/errors';
import type { JsonValue } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { actingUser, fitting, invalidRequest } from '@nova/service-kit';
import { acceptId, acceptQuery } from '../domain/accept-query.ts';
import {
  type Answer,
  type Filter,
  KINDS,
  type Kind,
  type Place,
  TIERS,
} from '../domain/search-engine.ts';
import type { Dependencies } from './dependencies.ts';

const PAGE = { default: 20, maximum: 100 };

/** The fields that all requests have. */
export interface SearchRequest {
  readonly query: string;
  readonly userId: string;
  readonly exactOnly: boolean;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly minConsistencyToken: string;
}

/** What an RPC makes of the fields of its own; what is wrong goes to `violations`. */
export type Accept = (violations: Violation[]) => {
  readonly kinds: readonly Kind[];
  readonly filter: Filter;
};

/** An answer with the token of the page that follows. */
export interface SearchPage extends Answer {
  readonly nextPageToken: string;
}

/**
 * Answers a search: checks the request as a whole, asks the engine in the snapshot of the views, and
 * binds the next page to everything that was asked.
 *
 * @throws REQUEST_INVALID, REQUEST_USER_DENIED, SEARCH_TOO_COSTLY, and what Queries throws
 */
export async function runSearch(
  { queries, pageTokens, engineOver }: Dependencies,
  call: Call,
  request: SearchRequest,
  accept: Accept,
): Promise<SearchPage> {
  const violations: Violation[] = [];
  const { exactOnly } = request;
  const words = acceptQuery(request.query, violations);
  acceptId('user_id', request.userId, violations);
  const { kinds, filter } = accept(violations);
  if (request.pageSize < 0) {
    const description = `must not be negative; it is ${request.pageSize}`;
    violations.push({ field: 'page_size', description });
  }
  if (violations.length > 0) throw invalidRequest(violations);
  const viewerId = actingUser(call, request.userId, 'user_id');
  const list = {
    words: words.map(({ text }) => text),
    viewerId,
    kinds: [...kinds],
    exactOnly,
    ...filter,
  };
  const limit = pageTokens.pageSize(request.pageSize, PAGE);
  const after = placeOf(pageTokens.decode(call.method, list, request.pageToken));
  const answer = await queries.run(call, request.minConsistencyToken, (views) =>
    engineOver(views).search({ kinds, words, exactOnly, viewerId, filter, after, limit }),
  );
  const hits = fitting(answer.hits);
  const goesOn = answer.goesOn || hits.length < answer.hits.length;
  const last = goesOn ? hits.at(-1) : undefined;
  return {
    ...answer,
    hits,
    goesOn,
    nextPageToken: last === undefined ? '' : pageTokens.encode(call.method, list, positionOf(last)),
  };
}

function positionOf({ kind, tier, at, ids }: Place) {
  return { kind, tier, at, ids: [...ids] };
}

/** Reads what {@link positionOf} wrote: nobody else can make a token. */
function placeOf(position: JsonValue | undefined): Place | undefined {
  if (typeof position !== 'object' || position === null || Array.isArray(position)) {
    return undefined;
  }
  const { kind, tier, at, ids } = position;
  const knownKind = KINDS.find((one) => one === kind);
  const knownTier = TIERS.find((one) => one === tier);
  if (knownKind === undefined || knownTier === undefined || !Array.isArray(ids)) return undefined;
  return { kind: knownKind, tier: knownTier, at: Number(at), ids: ids.map(String) };
}
