import type { Forms } from './search-engine.ts';
import { SPACELESS, wordsOf } from './words.ts';

/** Some of a text with what matches in it, in code points. */
export interface SnippetText {
  readonly text: string;
  readonly highlights: readonly { readonly start: number; readonly length: number }[];
}

const MAX_LENGTH = 200;
/** Kept before the first match. */
const LEAD = 40;
const MAX_HIGHLIGHTS = 20;
/** Scripts without spaces, with the marks that go with half-width kana. */
const WITHOUT_SPACES = `[${SPACELESS}\\uff70\\uff9e\\uff9f]`;
const RUNS = new RegExp(
  `(${WITHOUT_SPACES}+)|(?:(?!${WITHOUT_SPACES})[\\p{L}\\p{N}\\p{M}'\\u2019\\u02bc])+|\\p{Extended_Pictographic}`,
  'gu',
);
const ELLIPSIS = '…';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The part of a text around the first match, on one line of its own. */
export function snippetOf(text: string, forms: Forms): SnippetText {
  const letters = [...text.replace(/\s/gu, ' ')];
  const ranges = matchesIn(letters.join(''), forms);
  const first = ranges[0]?.start ?? 0;
  const isWhole = letters.length <= MAX_LENGTH;
  const from = isWhole ? 0 : Math.max(0, Math.min(first - LEAD, letters.length - MAX_LENGTH + 2));
  const before = from > 0 ? ELLIPSIS : '';
  const room = MAX_LENGTH - before.length;
  const isCut = letters.length - from > room;
  const to = isCut ? from + room - 1 : letters.length;
  const shift = before.length - from;
  return {
    text: `${before}${letters.slice(from, to).join('')}${isCut ? ELLIPSIS : ''}`,
    highlights: ranges
      .filter(({ start, end }) => start >= from && end <= to)
      .slice(0, MAX_HIGHLIGHTS)
      .map(({ start, end }) => ({ start: start + shift, length: end - start })),
  };
}

function matchesIn(text: string, forms: Forms): readonly Range[] {
  const isMatch = matcherOf(forms);
  const ranges: Range[] = [];
  let units = 0;
  let points = 0;
  for (const { 0: run, 1: spaceless, index } of text.matchAll(RUNS)) {
    points += lengthOf(text.slice(units, index));
    const letters = [...run];
    const isPairs = spaceless !== undefined;
    const found = isPairs ? matchesInPairs(letters, isMatch) : matchOfWord(letters, isMatch);
    for (const { start, end } of found) {
      ranges.push({ start: points + start, end: points + end });
    }
    points += letters.length;
    units = index + run.length;
  }
  return ranges;
}

type IsMatch = (word: string) => boolean;

function matchOfWord(letters: readonly string[], isMatch: IsMatch): readonly Range[] {
  const isFound = wordsOf(letters.join('')).some(isMatch);
  return isFound ? [{ start: 0, end: letters.length }] : [];
}

/** Two neighbours are one word, and half-width kana are one letter with their mark. */
function matchesInPairs(letters: readonly string[], isMatch: IsMatch): readonly Range[] {
  if (!wordsOf(letters.join('')).some(isMatch)) return [];
  const marked = letters.map(() => false);
  for (const index of letters.keys()) {
    for (const length of [1, 2]) {
      const part = letters.slice(index, index + length);
      const [word, ...more] = wordsOf(part.join('')).filter((one) => lengthOf(one) >= length);
      if (part.length < length || word === undefined || more.length > 0) continue;
      if (isMatch(word)) marked.fill(true, index, index + length);
    }
  }
  return rangesOf(marked);
}

function rangesOf(marked: readonly boolean[]): readonly Range[] {
  const ranges: Range[] = [];
  let start = -1;
  for (const [index, isMarked] of [...marked, false].entries()) {
    if (isMarked && start < 0) start = index;
    if (isMarked || start < 0) continue;
    ranges.push({ start, end: index });
    start = -1;
  }
  return ranges;
}

function matcherOf({ whole, beginnings }: Forms): IsMatch {
  const words = new Set(whole);
  return (word) => words.has(word) || beginnings.some((beginning) => word.startsWith(beginning));
}

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
