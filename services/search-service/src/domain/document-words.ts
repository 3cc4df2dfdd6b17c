import { wordsOf } from './words.ts';

/** Before a word of a name or title, which counts more. No word begins with it. */
export const HEAD = '=';

/** More words of a name or title count as any other. */
const MAX_HEAD_WORDS = 200;

/** Column `words` of a document without a title: its distinct words, separated by spaces. */
export function indexed(text: string): string {
  return wordsOf(text).join(' ');
}

/** Column `words` of a document with a name or title: each of its words also as one of the head. */
export function indexedWithHead(
  head: readonly (string | undefined | null)[],
  body: readonly (string | undefined | null)[],
): string {
  const given = (texts: typeof head) => texts.map((text) => text ?? undefined);
  const inHead = wordsOf(...given(head)).slice(0, MAX_HEAD_WORDS);
  const words = wordsOf(...given(head), ...given(body));
  return [...words, ...inHead.map((word) => HEAD + word)].join(' ');
}
