import type { Violation } from '@nova/errors';
import type { JsonObject, JsonValue } from '@nova/proto/runtime';
import { parseJson } from './parse-json.ts';
import { repeatedKey } from './repeated-key.ts';

/** A payload that came as JSON text, or why it is none. */
export type ParsedPayload =
  | { readonly ok: true; readonly payload: JsonObject }
  | { readonly ok: false; readonly violations: Violation[] };

const PATH = 'payload';
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a payload that came as JSON text (EventLog.Append). Refuses what is not UTF-8, not JSON, not
 * a map, or names a key twice, of which every reader would keep another one.
 */
export function parsePayload(bytes: Uint8Array): ParsedPayload {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return refused('must be UTF-8');
  }
  let json: JsonValue;
  try {
    json = parseJson(text);
  } catch {
    return refused('must be JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return refused('must be a JSON map');
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) return refused(`names the key ${repeated} twice`);
  return { ok: true, payload: json };
}

function refused(description: string): ParsedPayload {
  return { ok: false, violations: [{ field: PATH, description }] };
}
