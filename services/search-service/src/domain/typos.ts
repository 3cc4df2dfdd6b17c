import type { QueryWord } from './words.ts';

/** Words outside of these lengths are not in the index of words; see message_view/table.sql. */
const SHORTEST = 4;
const LONGEST = 24;
/** Most words that one mistyped word may mean. */
const MAX_MEANT = 40;

/** Whether a word may be mistyped: shorter ones are too near to too many others. */
export function mayBeMistyped({ kind, text }: QueryWord): boolean {
  if (kind !== 'word' || /^\d/.test(text)) return false;
  const length = [...text].length;
  return length >= SHORTEST && length <= LONGEST;
}

/** The word, and the word without each of its letters: what it shares with words nearby. */
export function keysOf(word: string): readonly string[] {
  const letters = [...word];
  const shorter = letters.map((_, index) => letters.toSpliced(index, 1).join(''));
  return [...new Set([word, ...shorter])];
}

/** Those of the known words that differ by one letter from the given one, nearest first. */
export function meantBy(word: string, known: readonly string[]): readonly string[] {
  return known
    .filter((other) => !other.startsWith(word) && differByOne([...word], [...other]))
    .sort((a, b) => strangeness(word, a) - strangeness(word, b) || (a < b ? -1 : 1))
    .slice(0, MAX_MEANT);
}

/** Whether one letter is wrong, missing, too many, or two neighbours are swapped. */
function differByOne(a: readonly string[], b: readonly string[]): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  const shorter = Math.min(a.length, b.length);
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  const isPair = left.length === 2 && right.length === 2;
  return isPair && left[0] === right[1] && left[1] === right[0];
}

/** People mistype the first letter least. */
function strangeness(word: string, other: string): number {
  return word[0] === other[0] ? 0 : 1;
}
