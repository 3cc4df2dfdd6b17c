import { wrongUse } from '../verb.ts';

/** `--metadata key=value`, several times, as a map. @throws CLI_WRONG_USE */
export function parsePairs(flag: string, texts: readonly string[]): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const key = text.slice(0, at);
    if (at < 1) throw wrongUse(`${flag} must be written key=value: ${text}`);
    if (pairs.has(key)) throw wrongUse(`${flag} ${key} is given twice`);
    pairs.set(key, text.slice(at + 1));
  }
  return Object.fromEntries(pairs);
}
