import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeToken, encodeToken, type TokenEntry } from './consistency-token.ts';

const sequences = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const entries: fc.Arbitrary<TokenEntry> = fc.record({
  aggregateType: fc.constantFrom('conversation', 'user'),
  aggregateId: fc.uuid(),
  epoch: fc.stringMatching(/^[0-9a-f]{16}$/),
  position: sequences,
  versions: fc.dictionary(fc.constantFrom('message_created', 'member_added'), sequences, {
    noNullPrototype: true,
  }),
});

describe('decodeToken', () => {
  it('reads what encodeToken wrote', () => {
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 20 }), (given) => {
        const token = encodeToken(given);
        expect(token).toMatch(/^[0-9A-Za-z_-]+$/);
        expect(decodeToken(token)).toEqual(given);
      }),
    );
  });

  it('answers undefined for whatever a caller makes up', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        const decoded = decodeToken(text);
        expect(decoded === undefined || encodeToken(decoded) === text).toBe(true);
      }),
    );
  });

  it.each([
    [''],
    ['null'],
    ['[2,[],[]]'],
    ['[1,["a"],[[0,"x",0,"1",[9,"1"]]]]'],
    ['[1,["a"],[[0,"x",0,"-1",[]]]]'],
    ['[1,["a"],[[0,"x",0,1,[]]]]'],
    ['[1,["a"],[["a","x",0,"1",[]]]]'],
  ])('does not read %j', (json) => {
    expect(decodeToken(Buffer.from(json).toString('base64url'))).toBeUndefined();
  });

  it('keeps a token of 500 aggregates below 128 KiB', () => {
    const token = encodeToken(fc.sample(entries, 500));
    expect(token.length).toBeLessThan(128 * 1024);
  });
});
