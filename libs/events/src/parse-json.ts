import type { JsonValue } from '@nova/proto/runtime';

/**
 * JSON.parse with the type of what it answers.
 *
 * @throws SyntaxError when the text is not JSON.
 */
export function parseJson(text: string): JsonValue {
  // The language declares `any`; without a reviver nothing but JSON values comes out.
  return JSON.parse(text) as JsonValue;
}
