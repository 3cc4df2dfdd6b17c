import { HEAD } from '../../domain/document-words.ts';
import type { Tier } from '../../domain/search-engine.ts';
import type { QueryWord } from '../../domain/words.ts';

/** The last word of a query may be one that is still being typed; others are meant whole if short. */
const SHORTEST_BEGINNING = 3;

/**
 * As many words are looked up in the index, the longest, which are the rarest as a rule; the others
 * are looked for in the documents that have those. Each costs what all documents with it cost.
 */
const MAX_LOOKED_UP = 4;

/** A tier with its condition; a document is of the first tier whose condition it meets. */
export interface TierQuery {
  readonly tier: Tier;
  /** The condition, as the text of a tsquery. */
  readonly query: string;
  /** The part of it that is looked up in the index. */
  readonly lookup: string;
}

/** What mistyped words may mean, by word. */
export type Meanings = ReadonlyMap<string, readonly string[]>;

/** The tiers of a query, best first. With `meanings` the last one is that of mistyped words. */
export function tiersOf(
  words: readonly QueryWord[],
  { exactOnly, hasHead }: { readonly exactOnly: boolean; readonly hasHead: boolean },
  meanings: Meanings = new Map(),
): readonly TierQuery[] {
  const last = words.at(-1);
  const rare = rarest(words);
  const tierOf = (tier: Tier, term: (word: QueryWord) => string): TierQuery => ({
    tier,
    query: words.map(term).join(' & '),
    lookup: rare.map(term).join(' & '),
  });
  const tiers = [
    tierOf('head', (word) => exactTerm(word, HEAD)),
    tierOf('exact', (word) => exactTerm(word)),
  ];
  if (!exactOnly) {
    tiers.push(
      tierOf('head_prefix', (word) => prefixTerm(word, word === last, HEAD)),
      tierOf('prefix', (word) => prefixTerm(word, word === last)),
    );
    if (meanings.size > 0) {
      const meant = (word: QueryWord) => meanings.get(word.text) ?? [];
      tiers.push(
        tierOf('typo', (word) =>
          anyOf([prefixTerm(word, word === last), ...meant(word).map(lexeme)]),
        ),
      );
    }
  }
  return hasHead ? tiers : tiers.filter(({ tier }) => !tier.startsWith('head'));
}

/** Whether a word of a query is taken for the beginning of words. */
export function isBeginning({ text, kind }: QueryWord, isLast: boolean): boolean {
  if (kind === 'character') return true;
  return kind === 'word' && (isLast || [...text].length >= SHORTEST_BEGINNING);
}

/** A condition that any of several holds. */
export function anyOf(queries: readonly string[]): string {
  return queries.length === 1 ? queries.join() : `(${queries.join(' | ')})`;
}

/** A lexeme as the text of a tsquery has it. */
export function lexeme(text: string): string {
  return `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
}

/** The words to look up; short ones, which are common, only where there are no others. */
function rarest(words: readonly QueryWord[]): readonly QueryWord[] {
  const length = ({ text }: QueryWord) => [...text].length;
  const rarer = words.filter((word) => word.kind !== 'word' || length(word) >= SHORTEST_BEGINNING);
  const some = rarer.length > 0 ? rarer : words;
  return some.toSorted((a, b) => length(b) - length(a)).slice(0, MAX_LOOKED_UP);
}

/** A single character of a script without spaces begins a pair wherever another one follows. */
function exactTerm({ text, kind }: QueryWord, head = ''): string {
  return `${lexeme(head + text)}${kind === 'character' ? ':*' : ''}`;
}

function prefixTerm(word: QueryWord, isLast: boolean, head = ''): string {
  return `${lexeme(head + word.text)}${isBeginning(word, isLast) ? ':*' : ''}`;
}
