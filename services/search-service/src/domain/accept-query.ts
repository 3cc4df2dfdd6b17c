import type { Violation } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import { KINDS, type Kind } from './search-engine.ts';
import { type QueryWord, queryWordsOf } from './words.ts';

/** Longest query, in code points. */
export const MAX_QUERY_LENGTH = 256;

/** The words of a query; what is wrong with it goes to `violations`. */
export function acceptQuery(query: string, violations: Violation[]): readonly QueryWord[] {
  // No code point takes more than two units: what is far too long is not even counted.
  const isLong = query.length > 2 * MAX_QUERY_LENGTH || [...query].length > MAX_QUERY_LENGTH;
  if (isLong) {
    const description = `must have at most ${MAX_QUERY_LENGTH} code points`;
    violations.push({ field: 'query', description });
    return [];
  }
  const words = queryWordsOf(query);
  if (words.length === 0) {
    const description = 'must have a letter, a digit or an emoji to look for';
    violations.push({ field: 'query', description });
  }
  return words;
}

/** An id of a filter; undefined where none is given. */
export function acceptId(
  field: string,
  given: string,
  violations: Violation[],
): string | undefined {
  if (given === '') return undefined;
  if (isCanonicalUuid(given)) return given;
  violations.push({ field, description: 'must be a UUID in lower case' });
  return undefined;
}

/** The kinds that are to be searched, each once and in their own order; none given = all. */
export function acceptKinds(given: readonly string[], violations: Violation[]): readonly Kind[] {
  const known: ReadonlySet<string> = new Set(KINDS);
  const unknown = given.findIndex((kind) => !known.has(kind));
  if (unknown >= 0) {
    const description = `must be one of ${KINDS.join(', ')}`;
    violations.push({ field: `kinds[${unknown}]`, description });
  }
  return given.length === 0 ? KINDS : KINDS.filter((kind) => given.includes(kind));
}
