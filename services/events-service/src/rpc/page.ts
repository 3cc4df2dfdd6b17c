import type { PageTokens } from '@nova/service-kit';
import { quoted, type Violations } from '../domain/violations.ts';

const DEFAULT_SIZE = 100;
const MAX_SIZE = 500;

/** The page that a list request asks for. */
export interface Page {
  readonly size: number;
  /** Where the page before ended; undefined for the first. */
  readonly cursor: bigint | undefined;
}

/** A list whose pages go on after a number: `method` and `filter` say which one it is. */
export interface PagedList {
  readonly method: string;
  readonly filter: readonly string[];
}

/** Reads size and token by the rules of conventions §3; problems go to `violations`. */
export function acceptPage(
  request: { readonly pageSize: number; readonly pageToken: string },
  { method, filter }: PagedList,
  tokens: PageTokens,
  violations: Violations,
): Page {
  const { pageSize, pageToken } = request;
  if (pageSize < 0) violations.add('page_size', `must not be negative; it is ${pageSize}`);
  const read = tokens.read(method, filter, pageToken);
  if (!read.ok) violations.add('page_token', `is not a token of this list: ${quoted(pageToken)}`);
  const position = read.ok ? read.position : undefined;
  return {
    size: pageSize === 0 ? DEFAULT_SIZE : Math.min(pageSize, MAX_SIZE),
    cursor: position === undefined ? undefined : BigInt(String(position)),
  };
}

/** The token of the page after `cursor`. */
export function pageAfter({ method, filter }: PagedList, tokens: PageTokens, cursor: bigint) {
  return tokens.encode(method, filter, String(cursor));
}
