import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainText } from './plain-text.ts';

describe('plainText', () => {
  it.each([
    ['hello', 'hello'],
    ['  two\r\n\tlines \u0007', 'two lines'],
    ['evil \u202eexe.', 'evil exe.'],
    ['1234567890', '1234567890'],
    ['12345678901', '123456789…'],
    ['12345678 01', '12345678…'],
    ['😀'.repeat(11), `${'😀'.repeat(9)}…`],
    ['', ''],
  ])('makes one line of at most ten code points of %j', (text, line) => {
    expect(plainText(text, 10)).toBe(line);
  });

  it('never leaves half a code point, whatever is cut', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 1, max: 30 }),
        (text, most) => {
          const line = plainText(text, most);
          expect(line.isWellFormed()).toBe(true);
          expect(Array.from(line).length).toBeLessThanOrEqual(most);
          if (!text.includes('\ufffd')) expect(line).not.toContain('\ufffd');
        },
      ),
    );
  });
});
