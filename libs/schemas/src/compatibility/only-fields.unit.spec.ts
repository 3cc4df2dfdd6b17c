import { describe, expect, it } from '@jest/globals';
import type { JsonMap } from '../json.ts';
import { onlyFields } from './only-fields.ts';
import { understood } from './understood.ts';

const object = (properties: JsonMap, more: JsonMap = {}): JsonMap => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...more,
});
const [text, number] = [{ type: 'string' }, { type: 'number' }];
const before = object({ a: text, b: text, c: number }, { required: ['a', 'b'] });

const isUnderstood = (next: JsonMap, fields: readonly string[], last: JsonMap = before) =>
  understood(next, onlyFields(last, fields)).length === 0;

describe('a reader of some properties', () => {
  it('is broken by a change of one of them, and by no other', () => {
    const next = object({ a: number, b: text, c: number }, { required: ['a', 'b'] });
    expect(isUnderstood(next, ['a'])).toBe(false);
    expect(isUnderstood(next, ['b', 'c'])).toBe(true);
    expect(isUnderstood(next, [])).toBe(true);
  });

  it('is told of each, although others change in the very same way', () => {
    const next = object({ a: number, b: number, c: number }, { required: ['a', 'b'] });
    expect(['a', 'b', 'c'].map((name) => isUnderstood(next, [name]))).toEqual([false, false, true]);
  });

  it('misses what may be absent from now on', () => {
    const next = object({ a: text, b: text, c: number }, { required: ['a'] });
    expect(['a', 'b'].map((name) => isUnderstood(next, [name]))).toEqual([true, false]);
  });

  it('may read what the schema allows without naming it', () => {
    const open = { type: 'object', additionalProperties: text };
    const next = { type: 'object', additionalProperties: number };
    expect(isUnderstood(next, ['any'], open)).toBe(false);
  });

  it('still needs the whole where the schema says more than properties', () => {
    const last = { ...before, minProperties: 3 };
    expect(isUnderstood({ ...before, minProperties: 2 }, ['c'], last)).toBe(false);
  });
});
