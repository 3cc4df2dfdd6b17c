import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '@nova/proto/runtime';
import fc from 'fast-check';
import { canonicalJson, requestHash } from './canonical-json.ts';

describe('canonicalJson', () => {
  // The example of RFC 8785 §3.2.3: keys sort by UTF-16 code units.
  it('sorts keys as RFC 8785 does', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])));
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      '1',
      '\r',
      '\u0080',
      '\u00f6',
      '\u20ac',
      '\ud83d\ude00',
      '\ufb33',
    ]);
  });

  it('writes numbers as RFC 8785 does', () => {
    const numbers = [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0];
    expect(canonicalJson(numbers)).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27,0]');
  });

  it('gives one text per value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        // fast-check's JSON values are those of the runtime's type.
        const json = value as JsonValue;
        const text = canonicalJson(json);
        expect(canonicalJson(reversed(json))).toBe(text);
        expect(canonicalJson(JSON.parse(text) as JsonValue)).toBe(text);
      }),
    );
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['\ud800'], [{ '\udfff': 1 }]])(
    'refuses %p, which has no JSON form',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});

describe('requestHash', () => {
  it('is the SHA-256 of the canonical text', () => {
    const hex = Buffer.from(requestHash({ b: 1, a: [] })).toString('hex');
    // printf '{"a":[],"b":1}' | sha256sum
    expect(hex).toBe('1c8f8816506a8ccbc55140d8a7bb70214a8942c7030fc0fc2914cec675cd1c15');
    expect(requestHash({ a: [], b: 1 })).toEqual(requestHash({ b: 1, a: [] }));
  });
});

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]): [string, JsonValue] => [key, reversed(member)]),
  );
}
