import { describe, expect, it } from '@jest/globals';
import { readJsonObject } from './strict-json.ts';

const read = (text: string) => readJsonObject(new TextEncoder().encode(text));

describe('readJsonObject', () => {
  it('reads what JSON.parse reads', () => {
    const text = '{"a":[{"b":"x,{\\"y\\":1}"},2],"c":{"a":null,"b":{}},"b":"\\u0000"}';
    const value: unknown = JSON.parse(text);
    expect(read(text)).toEqual({ ok: true, value });
  });

  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"k":1,"l":[],"k":2}]}',
    '{"a":{"b":1},"c":2,"a":3}',
  ])('refuses the repeated key of %s', (text) => {
    expect(read(text)).toEqual({ ok: false, problem: expect.stringContaining('same key twice') });
  });

  it('tells values from keys', () => {
    expect(read('{"a":"b","b":"a","c":["a","a"]}').ok).toBe(true);
  });

  it('refuses invalid UTF-8', () => {
    expect(readJsonObject(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toEqual({
      ok: false,
      problem: 'must be valid UTF-8',
    });
  });

  it.each(['', '[]', 'null', '"x"', '{', '{"a":NaN}', '\ufeff{}'])('refuses %j', (text) => {
    expect(read(text).ok).toBe(false);
  });

  it.each(['{"a":1e130000}', '{"a":[{"b":-1E+400}]}', `{"a":${'9'.repeat(400)}}`])(
    'refuses a number that is none in 64 bits: %.20s',
    (text) => {
      expect(read(text)).toEqual({ ok: false, problem: expect.stringContaining('64-bit') });
    },
  );

  it.each(['{"a":1e300,"b":"1e400","c":1e-400}', `{"a":"${'9'.repeat(400)}"}`])(
    'reads %.20s, whose numbers are',
    (text) => {
      expect(read(text).ok).toBe(true);
    },
  );

  it('refuses deep nesting before anything recursive sees it', () => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    expect(read(deep)).toEqual({ ok: false, problem: expect.stringContaining('nested deeper') });
  });
});
