/**
 * How text becomes words, the same for documents and queries. Pure, so that a rebuilt view equals
 * the one before, on any database and whatever its locale: nothing of it is left to PostgreSQL.
 *
 *   NFKC → lower case → accents off → words of letters and digits, single emoji,
 *   and where a script has no spaces between words, every two neighbours ("日本語" = 日本, 本語, 語)
 *
 * Changing what comes out changes the views: raise their `version`.
 */

/** Longer words are cut: nobody types them whole, and an index key has a limit. */
export const MAX_WORD_LENGTH = 40;
/** More distinct words of one document are not found. A 256 KiB text of two-letter words has 85,000. */
export const MAX_DOCUMENT_WORDS = 5000;

/** A word of a query. */
export interface QueryWord {
  readonly text: string;
  /**
   * `word`: of a script with spaces. `pair`: two neighbours of one without, found as they are.
   * `character`: a single one of those, found wherever it stands. `symbol`: an emoji.
   */
  readonly kind: 'word' | 'pair' | 'character' | 'symbol';
}

// Accents and vowel points, which many leave out when typing. Not the vowel signs of Indic scripts
// or the voicing marks of kana, which make other words.
const MARKS =
  /(?:[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\ufe20-\ufe2f]|[\ufe00-\ufe0f]|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]|[\u0640\u064b-\u065f\u0670])+/gu;
const APOSTROPHES = /(?<=\p{L})['\u2019\u02bc](?=\p{L})/gu;
// Letters that no decomposition takes apart.
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  þ: 'th',
  ς: 'σ',
};
const SPECIAL = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

/** Scripts that write without spaces between words, as the inside of a character class. */
export const SPACELESS =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}\u30fc';
const RUNS = new RegExp(
  `([${SPACELESS}]+)|((?:(?![${SPACELESS}])[\\p{L}\\p{N}\\p{M}])+)|(\\p{Extended_Pictographic})`,
  'gu',
);
const ASCII_RUNS = /[a-z0-9]+/g;
const ASCII = /^[\0-\x7f]*$/;

/** The distinct words of a document, in the order of their first place. */
export function wordsOf(...texts: readonly (string | undefined)[]): readonly string[] {
  const words = new Set<string>();
  for (const text of texts) {
    if (text === undefined) continue;
    for (const word of scan(text)) {
      if (words.size >= MAX_DOCUMENT_WORDS) return [...words];
      words.add(word.text);
    }
  }
  return [...words];
}

/** The distinct words of a query, in order; empty when it holds no letter, digit or emoji. */
export function queryWordsOf(text: string): readonly QueryWord[] {
  const words = new Map<string, QueryWord>();
  for (const word of scan(text)) {
    // What ends a run is there for queries of one character, and says nothing beside its pair.
    if (word.endsRun) continue;
    const { text: key, kind } = word;
    if (!words.has(key)) words.set(key, { text: key, kind });
  }
  return [...words.values()];
}

interface Scanned extends QueryWord {
  readonly endsRun?: boolean;
}

function* scan(text: string): Generator<Scanned> {
  if (ASCII.test(text)) {
    const plain = text.toLowerCase().replace(/(?<=[a-z])'(?=[a-z])/g, '');
    for (const [word] of plain.matchAll(ASCII_RUNS)) {
      yield { text: word.slice(0, MAX_WORD_LENGTH), kind: 'word' };
    }
    return;
  }
  for (const [, spaceless, word, symbol] of fold(text).matchAll(RUNS)) {
    if (word !== undefined) yield { text: cut(word), kind: 'word' };
    else if (symbol !== undefined) yield { text: symbol, kind: 'symbol' };
    else if (spaceless !== undefined) yield* pairs([...spaceless]);
  }
}

function* pairs(characters: readonly string[]): Generator<Scanned> {
  const [first = '', ...rest] = characters;
  if (rest.length === 0) {
    yield { text: first, kind: 'character' };
    return;
  }
  let before = first;
  for (const character of rest) {
    yield { text: before + character, kind: 'pair' };
    before = character;
  }
  yield { text: before, kind: 'character', endsRun: true };
}

/** Letters as they are compared: compatible forms, case and accents do not count. */
function fold(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(MARKS, '')
    .normalize('NFC')
    .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter)
    .replace(APOSTROPHES, '');
}

function cut(word: string): string {
  if (word.length <= MAX_WORD_LENGTH) return word;
  return [...word].slice(0, MAX_WORD_LENGTH).join('');
}
