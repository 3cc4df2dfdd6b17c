import { HEAD } from '../../domain/document-words.ts';
import type { Tier } from '../../domain/search-engine.ts';
import type { QueryWord } from '../../domain/words.ts';

/** The last word of a query may be one that is still being typed; others are meant whole if short. */
const SHORTEST_BEGINNING = 3;

/** A tier with its condition; a document is of the first tier whose condition it meets. */
export interface TierQuery {
  readonly tier: Tier;
  /** Text of a tsquery. */
  readonly query: string;
}

/** What mistyped words may mean, by word. */
export type Meanings = ReadonlyMap<string, readonly string[]>;

/** The tiers of a query, best first. With `meanings` the last one is that of mistyped words. */
export function tiersOf(
  words: readonly QueryWord[],
  { exactOnly, hasHead }: { readonly exactOnly: boolean; readonly hasHead: boolean },
  meanings: Meanings = new Map(),
): readonly TierQuery[] {
  const all = (term: (word: QueryWord) => string) => words.map(term).join(' & ');
  const tiers: TierQuery[] = [
    { tier: 'head', query: all((word) => exactTerm(word, HEAD)) },
    { tier: 'exact', query: all((word) => exactTerm(word)) },
  ];
  if (!exactOnly) {
    const last = words.at(-1);
    tiers.push(
      { tier: 'head_prefix', query: all((word) => prefixTerm(word, word === last, HEAD)) },
      { tier: 'prefix', query: all((word) => prefixTerm(word, word === last)) },
    );
    if (meanings.size > 0) {
      const meaning = (word: QueryWord) =>
        anyOf([
          prefixTerm(word, word === last),
          ...(meanings.get(word.text) ?? []).map((meant) => lexeme(meant)),
        ]);
      tiers.push({ tier: 'typo', query: all(meaning) });
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

/** A single character of a script without spaces begins a pair wherever another one follows. */
function exactTerm({ text, kind }: QueryWord, head = ''): string {
  return `${lexeme(head + text)}${kind === 'character' ? ':*' : ''}`;
}

function prefixTerm(word: QueryWord, isLast: boolean, head = ''): string {
  return `${lexeme(head + word.text)}${isBeginning(word, isLast) ? ':*' : ''}`;
}
