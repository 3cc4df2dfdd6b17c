import { canonicalJson } from '@nova/events';
import type { JsonObject, JsonValue } from '@nova/proto/runtime';
import type { Decision } from './command-spec.ts';

/**
 * What the log keeps beside a command's events: the service's reply and, for a command that changed
 * nothing, the token of what it was decided on, which nothing else would tell to a retry.
 */
export interface StoredReply {
  readonly reply: JsonObject;
  /** '' for a command with events: its token is made of them. */
  readonly token: string;
}

/** The log's limit. */
const MOST_BYTES = 8 * 1024;

/**
 * Writes a reply for the log; nothing where there is nothing to say.
 *
 * @throws TypeError when it is larger than the log keeps.
 */
export function encodeReply(reply: Decision['reply'], token: string): Uint8Array {
  if (reply === undefined && token === '') return new Uint8Array();
  const members = {
    ...(reply === undefined ? {} : { reply }),
    ...(token === '' ? {} : { token }),
  };
  const encoded = new TextEncoder().encode(canonicalJson(members));
  if (encoded.length <= MOST_BYTES) return encoded;
  throw new TypeError(`the reply of a command is larger than ${MOST_BYTES} bytes`);
}

/** Reads what {@link encodeReply} wrote. */
export function decodeReply(stored: Uint8Array): StoredReply {
  if (stored.length === 0) return { reply: {}, token: '' };
  // Only this kit writes replies; the log gives them back as they were.
  const given = JSON.parse(new TextDecoder().decode(stored)) as Record<string, JsonValue>;
  const { reply = {}, token = '' } = given;
  return { reply: reply as JsonObject, token: String(token) };
}
