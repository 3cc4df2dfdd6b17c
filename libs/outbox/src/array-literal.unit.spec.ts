import { describe, expect, it } from '@jest/globals';
import { numberArray, textArray } from './array-literal.ts';

describe('textArray', () => {
  it('quotes every text, so that none is taken for syntax', () => {
    expect(textArray(['plain', 'NULL', '', 'a,b', '{c}', 'say "hi"', 'back\\slash'])).toBe(
      '{"plain","NULL","","a,b","{c}","say \\"hi\\"","back\\\\slash"}',
    );
  });

  it('writes what is missing as NULL', () => {
    expect(textArray([undefined, 'a', undefined])).toBe('{NULL,"a",NULL}');
    expect(textArray([])).toBe('{}');
  });
});

describe('numberArray', () => {
  it('writes numbers side by side', () => {
    expect(numberArray([1, -2, 3])).toBe('{1,-2,3}');
    expect(numberArray([])).toBe('{}');
  });
});
