import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parsePayload } from './json-text.ts';

function parse(text: string | Uint8Array) {
  return parsePayload(typeof text === 'string' ? new TextEncoder().encode(text) : text);
}

describe('parsePayload', () => {
  it('reads any JSON map', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (map) => {
        const text = JSON.stringify(map);
        expect(parse(text)).toEqual({ ok: true, payload: JSON.parse(text) as unknown });
      }),
    );
  });

  it.each([
    ['not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'must be UTF-8'],
    ['a byte order mark', '\ufeff{}', 'must be JSON'],
    ['empty', '', 'must be JSON'],
    ['cut', '{"a":', 'must be JSON'],
    ['NaN', '{"a":NaN}', 'must be JSON'],
    ['a list', '[{}]', 'must be a JSON map'],
    ['null', 'null', 'must be a JSON map'],
    ['a key twice', '{"a":1,"b":{"a":2},"a":3}', 'names the key "a" twice'],
    ['a nested key twice', '{"a":[{"k":"}","k" :1}]}', 'names the key "k" twice'],
    ['a key twice in two spellings', '{"a":1,"\\u0061":2}', 'names the key "a" twice'],
  ])('refuses a payload that is %s', (_, text, description) => {
    expect(parse(text)).toEqual({ ok: false, violations: [{ field: 'payload', description }] });
  });

  it('is not misled by texts that look like keys', () => {
    const text = JSON.stringify({ a: '"a":1,{', b: ['a', 'a'], c: { a: '\\' }, '\\"': '{' });
    expect(parse(text).ok).toBe(true);
  });

  it('reads a text of a million characters', () => {
    expect(parse(`{"a":"${'x\\n'.repeat(400_000)}"}`).ok).toBe(true);
  });
});
