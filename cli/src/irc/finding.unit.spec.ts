import { describe, expect, it } from '@jest/globals';
import { excerptOf } from './finding.ts';

describe('excerptOf', () => {
  it('shows what a terminal would act on instead of passing it through', () => {
    expect(excerptOf('a\u001b[31mb\u0007\u202ec\u2028d\0')).toBe(
      'a\\u001b[31mb\\u0007\\u202ec\\u2028d\\u0000',
    );
  });

  it('is never longer than asked for, and says when there is more', () => {
    expect(excerptOf('abcdef', 6)).toBe('abcdef');
    expect(excerptOf('abcdefg', 6)).toBe('abcdef…');
    expect(excerptOf('\u0001\u0001', 6)).toBe('\\u0001…');
    expect(excerptOf('abcde😀', 6)).toBe('abcde\ufffd…');
  });
});
