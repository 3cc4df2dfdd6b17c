import { parseJson } from './parse-json.ts';
import { quoted } from './violations.ts';

// A text, with the colon that makes it a key, or the begin or end of a map.
const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g;

/**
 * The first key that a map of a JSON text names twice, quoted; undefined when there is none.
 *
 * @param text valid JSON: it is only scanned for its maps and keys
 */
export function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, literal, colon] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (literal !== undefined && colon !== undefined) {
      const key = String(parseJson(literal));
      if (open.at(-1)?.has(key)) return quoted(key);
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}
