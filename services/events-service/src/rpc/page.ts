import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { quoted, type Violations } from '../domain/violations.ts';

const DEFAULT_SIZE = 100;
const MAX_SIZE = 500;
const MAC_BYTES = 16;

/** Writes and reads page tokens. */
export interface PageTokens {
  /** A token that goes on after `cursor` in the list that `filter` selects. */
  write(filter: readonly string[], cursor: string): string;
  /** The cursor of a token; undefined when it is forged, cut or of another list. */
  read(filter: readonly string[], token: string): string | undefined;
}

/**
 * Page tokens carry a cursor and a code that only holders of the key can make, over cursor and
 * filter together: a token cannot be invented and fits no other list.
 */
export function createPageTokens(secret: string): PageTokens {
  const key = createHash('sha256').update(`nova page tokens\0${secret}`).digest();
  const codeOf = (filter: readonly string[], cursor: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([filter, cursor]))
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    write(filter, cursor) {
      return Buffer.concat([codeOf(filter, cursor), Buffer.from(cursor)]).toString('base64url');
    },
    read(filter, token) {
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== token) return undefined;
      const cursor = bytes.subarray(MAC_BYTES).toString();
      const fits = timingSafeEqual(bytes.subarray(0, MAC_BYTES), codeOf(filter, cursor));
      return fits ? cursor : undefined;
    },
  };
}

/** The page that a list request asks for. */
export interface Page {
  readonly size: number;
  /** Where the page before ended; undefined for the first. */
  readonly cursor: string | undefined;
}

/** Reads size and token by the rules of conventions §3; problems go to `violations`. */
export function acceptPage(
  request: { readonly pageSize: number; readonly pageToken: string },
  filter: readonly string[],
  tokens: PageTokens,
  violations: Violations,
): Page {
  const { pageSize, pageToken } = request;
  if (pageSize < 0) violations.add('page_size', `must not be negative; it is ${pageSize}`);
  const cursor = pageToken === '' ? undefined : tokens.read(filter, pageToken);
  if (pageToken !== '' && cursor === undefined) {
    violations.add('page_token', `is not a token of this list: ${quoted(pageToken)}`);
  }
  return { size: pageSize === 0 ? DEFAULT_SIZE : Math.min(pageSize, MAX_SIZE), cursor };
}
