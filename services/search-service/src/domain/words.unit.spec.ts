import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { indexedWithHead } from './document-words.ts';
import { MAX_DOCUMENT_WORDS, MAX_WORD_LENGTH, queryWordsOf, SPACELESS, wordsOf } from './words.ts';

// A script without spaces has signs of its own that Unicode calls no letters: radicals (⺀) for one.
const LETTERS = new RegExp(
  `^(?:[\\p{L}\\p{N}\\p{M}${SPACELESS}]+|\\p{Extended_Pictographic})$`,
  'u',
);
const queryTexts = (text: string) => queryWordsOf(text).map((word) => word.text);

describe('words', () => {
  it.each([
    ['Hello, hello WORLD!', ['hello', 'world']],
    ['apt-get xorg.conf 12.04 foo_bar', ['apt', 'get', 'xorg', 'conf', '12', '04', 'foo', 'bar']],
    ["don't 'quote' rock’n’roll", ['dont', 'quote', 'rocknroll']],
    ['Käse naïve Ångström café', ['kase', 'naive', 'angstrom', 'cafe']],
    ['cafe\u0301 Straße Łódź Ørsted', ['cafe', 'strasse', 'lodz', 'orsted']],
    ['Ёжик ΛΌΓΟΣ', ['ежик', 'λογοσ']],
    ['ＦＵＬＬ ﬁne ②', ['full', 'fine', '2']],
    ['东京塔', ['东京', '京塔', '塔']],
    ['ガ ｶﾞ か', ['ガ', 'か']],
    ['한국어', ['한국', '국어', '어']],
    ['ubuntu中文版', ['ubuntu', '中文', '文版', '版']],
    ['हिन्दी में', ['हिन्दी', 'में']],
    ['so 🎉🎉 👍🏽', ['so', '🎉', '👍']],
    ['\u0000\ud800&|!<->', []],
    ['⺀', ['⺀']],
    ['', []],
  ])('of %j are %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it('of a query leave out what only ends a run, and know what they are', () => {
    expect(queryWordsOf('東京塔 x 猫 🎉')).toEqual([
      { text: '東京', kind: 'pair' },
      { text: '京塔', kind: 'pair' },
      { text: 'x', kind: 'word' },
      { text: '猫', kind: 'character' },
      { text: '🎉', kind: 'symbol' },
    ]);
  });

  it('of ASCII are the same by the short way and by the long one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        // Any other character takes the long way; this one is a word by itself.
        expect(wordsOf(`${text} é`)).toEqual([...new Set([...wordsOf(text), 'e'])]);
      }),
    );
  });

  it('hold nothing that a tsquery or a list with spaces would take for more than a letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const word of [...wordsOf(text), ...queryTexts(text)]) {
          expect(word).toMatch(LETTERS);
          expect([...word].length).toBeLessThanOrEqual(MAX_WORD_LENGTH);
        }
      }),
    );
  });

  it('of a query are words of the document with the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const document = new Set(wordsOf(text));
        const single = queryWordsOf(text).filter(({ kind }) => kind === 'character');
        for (const word of queryTexts(text)) expect(document).toContain(word);
        expect(single.length).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('are cut where they are long, and limited where they are many', () => {
    expect(wordsOf('a'.repeat(1000))).toEqual(['a'.repeat(MAX_WORD_LENGTH)]);
    expect(wordsOf('𝒳'.repeat(1000))).toEqual(['x'.repeat(MAX_WORD_LENGTH)]);
    expect(wordsOf('𐐨'.repeat(1000))).toEqual(['𐐨'.repeat(MAX_WORD_LENGTH)]);
    const many = Array.from({ length: 2 * MAX_DOCUMENT_WORDS }, (_, index) => `w${index}`);
    expect(wordsOf(many.join(' '))).toEqual(many.slice(0, MAX_DOCUMENT_WORDS));
  });

  it('of names stand a second time as those of the head', () => {
    expect(indexedWithHead(['Ann B', null], ['likes Ann', undefined])).toBe('ann b likes =ann =b');
  });
});
