import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type ReadonlyJson } from '@nova/events';
import type { JsonValue } from '@nova/proto/runtime';
import { invalidRequest } from '../request.ts';

const MAC_BYTES = 16;

/** Writes and reads page tokens; see conventions §3, Lists. */
export interface PageTokens {
  /** A token that goes on after `position` in the list that `method` and `filter` select. */
  encode(method: string, filter: ReadonlyJson, position: ReadonlyJson): string;
  /**
   * The position of a token; undefined for the empty one, which begins a list.
   *
   * @throws REQUEST_INVALID (page_token) when it is forged, cut or of another list.
   */
  decode(method: string, filter: ReadonlyJson, token: string): JsonValue | undefined;
  /** As `decode`, but tells instead of throwing; `ok: false` = no token of this list. */
  read(
    method: string,
    filter: ReadonlyJson,
    token: string,
  ): { readonly ok: true; readonly position: JsonValue | undefined } | { readonly ok: false };
  /**
   * How many a page may have: 0 is the default, above the maximum is the maximum.
   *
   * @throws REQUEST_INVALID (page_size) when it is negative.
   */
  pageSize(given: number, limits: { readonly default: number; readonly maximum: number }): number;
}

/**
 * Page tokens carry a position and a code that only holders of the secret can make, over method,
 * filter and position together: a token cannot be invented and fits no other list.
 *
 * @param secret the same for all instances of a service
 */
export function createPageTokens(secret: string): PageTokens {
  const key = createHash('sha256').update(`nova page tokens\0${secret}`).digest();
  const codeOf = (method: string, filter: ReadonlyJson, position: string) =>
    createHmac('sha256', key)
      .update(canonicalJson([method, filter, position]))
      .digest()
      .subarray(0, MAC_BYTES);
  const read: PageTokens['read'] = (method, filter, token) => {
    if (token === '') return { ok: true, position: undefined };
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== token) return { ok: false };
    const position = bytes.subarray(MAC_BYTES).toString();
    const code = codeOf(method, filter, position);
    if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), code)) return { ok: false };
    // The code says that this process or a sibling wrote it with `encode`.
    return { ok: true, position: JSON.parse(position) as JsonValue };
  };
  return {
    encode(method, filter, position) {
      const text = canonicalJson(position);
      return Buffer.concat([codeOf(method, filter, text), Buffer.from(text)]).toString('base64url');
    },
    read,
    decode(method, filter, token) {
      const found = read(method, filter, token);
      if (found.ok) return found.position;
      throw invalidRequest([{ field: 'page_token', description: 'is not a token of this list' }]);
    },
    pageSize(given, limits) {
      if (given < 0) {
        const description = `must not be negative; it is ${given}`;
        throw invalidRequest([{ field: 'page_size', description }]);
      }
      return given === 0 ? limits.default : Math.min(given, limits.maximum);
    },
  };
}
