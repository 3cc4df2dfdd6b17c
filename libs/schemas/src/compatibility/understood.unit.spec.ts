import { describe, expect, it } from '@jest/globals';
import type { JsonMap } from '../json.ts';
import { understood } from './understood.ts';

const object = (properties: JsonMap, more: JsonMap = {}): JsonMap => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...more,
});
const one = (property: JsonMap | boolean): JsonMap => object({ it: property });
const text = { type: 'string' };
const node = (more: JsonMap = {}): JsonMap => ({
  type: 'object',
  properties: { children: { type: 'array', items: { $ref: '#/$defs/node' } }, ...more },
});
const tree = (more: JsonMap = {}) =>
  object({ root: { $ref: '#/$defs/node' } }, { $defs: { node: node(more) } });

/** What becomes of a change: the verdict on old events, then on new ones. */
type Verdicts = [backward: 'ok' | 'breaks' | 'unjudged', forward: 'ok' | 'breaks' | 'unjudged'];

/** A keyword with a number that lets little through, and one that lets more. */
const BOUNDS: readonly [word: string, tight: number, loose: number][] = [
  ['minimum', 2, 1],
  ['exclusiveMinimum', 2, 1],
  ['maximum', 1, 2],
  ['exclusiveMaximum', 1, 2],
  ['minLength', 2, 1],
  ['maxLength', 1, 2],
  ['minItems', 2, 1],
  ['maxItems', 1, 2],
  ['minProperties', 2, 1],
  ['maxProperties', 1, 2],
];

type Change = [change: string, before: JsonMap, after: JsonMap, verdicts: Verdicts];

const CHANGES: readonly Change[] = [
  ['nothing', one(text), one(text), ['ok', 'ok']],
  [
    'another description',
    one(text),
    one({ ...text, description: 'x', examples: ['y'] }),
    ['ok', 'ok'],
  ],
  [
    'another format, which validates nothing',
    one(text),
    one({ ...text, format: 'email' }),
    ['ok', 'ok'],
  ],
  ['an optional property more', object({ a: text }), object({ a: text, b: text }), ['ok', 'ok']],
  [
    'an optional property more where others were allowed',
    { type: 'object', properties: { a: text } },
    { type: 'object', properties: { a: text, b: text } },
    ['breaks', 'ok'],
  ],
  ['a property less', object({ a: text, b: text }), object({ a: text }), ['ok', 'ok']],
  [
    'a required property more',
    object({ a: text }),
    object({ a: text, b: text }, { required: ['b'] }),
    ['breaks', 'ok'],
  ],
  [
    'a required property less',
    object({ a: text }, { required: ['a'] }),
    object({}),
    ['ok', 'breaks'],
  ],
  [
    'a property that becomes required',
    object({ a: text }),
    object({ a: text }, { required: ['a'] }),
    ['breaks', 'ok'],
  ],
  ['a renamed optional property', object({ a: text }), object({ b: text }), ['ok', 'ok']],
  [
    'a renamed required property',
    object({ a: text }, { required: ['a'] }),
    object({ b: text }, { required: ['b'] }),
    ['breaks', 'breaks'],
  ],
  ['integer to number', one({ type: 'integer' }), one({ type: 'number' }), ['ok', 'breaks']],
  ['text to number', one(text), one({ type: 'number' }), ['breaks', 'breaks']],
  ['text to text or nothing', one(text), one({ type: ['string', 'null'] }), ['ok', 'breaks']],
  ['a value more in an enum', one({ enum: ['a'] }), one({ enum: ['a', 'b'] }), ['ok', 'breaks']],
  ['an enum in place of text', one(text), one({ type: 'string', enum: ['a'] }), ['breaks', 'ok']],
  ['a const of an enum', one({ const: 'a' }), one({ enum: ['a', 'b'] }), ['ok', 'breaks']],
  [
    'true and false counted',
    one({ type: 'boolean' }),
    one({ enum: [true, false, null] }),
    ['ok', 'breaks'],
  ],
  [
    'a higher minimum',
    one({ type: 'number', minimum: 1 }),
    one({ type: 'number', minimum: 2 }),
    ['breaks', 'ok'],
  ],
  [
    'an exclusive minimum',
    one({ type: 'number', minimum: 1 }),
    one({ type: 'number', exclusiveMinimum: 1 }),
    ['breaks', 'ok'],
  ],
  ...BOUNDS.map(
    ([word, tight, loose]): Change => [
      `a wider ${word}`,
      one({ [word]: tight }),
      one({ [word]: loose }),
      ['ok', 'breaks'],
    ],
  ),
  [
    'a longer text',
    one({ ...text, maxLength: 5 }),
    one({ ...text, maxLength: 6 }),
    ['ok', 'breaks'],
  ],
  ['a pattern', one(text), one({ ...text, pattern: '^a' }), ['breaks', 'ok']],
  [
    'another pattern',
    one({ ...text, pattern: '^ab' }),
    one({ ...text, pattern: '^b' }),
    ['breaks', 'breaks'],
  ],
  ['the same pattern', one({ ...text, pattern: '^a' }), one({ pattern: '^a' }), ['ok', 'breaks']],
  [
    'a pattern that all texts of a list match',
    one({ enum: ['ab', 'ac'] }),
    one({ ...text, pattern: '^a' }),
    ['ok', 'breaks'],
  ],
  [
    'a pattern that one text of a list does not match',
    one({ enum: ['ab', 'ba'] }),
    one({ ...text, pattern: '^a' }),
    ['breaks', 'breaks'],
  ],
  [
    'a pattern for texts where there are none',
    one({ type: 'integer' }),
    one({ type: 'integer', pattern: '^a' }),
    ['ok', 'ok'],
  ],
  [
    'steps of 10 in place of 5',
    one({ type: 'integer', multipleOf: 10 }),
    one({ type: 'integer', multipleOf: 5 }),
    ['ok', 'breaks'],
  ],
  [
    'more elements',
    one({ type: 'array', maxItems: 2 }),
    one({ type: 'array', maxItems: 3 }),
    ['ok', 'breaks'],
  ],
  [
    'elements of another type',
    one({ type: 'array', items: text }),
    one({ type: 'array', items: { type: 'number' } }),
    ['breaks', 'breaks'],
  ],
  [
    'unique elements',
    one({ type: 'array' }),
    one({ type: 'array', uniqueItems: true }),
    ['breaks', 'ok'],
  ],
  [
    'a pair that is no list any more',
    one({ type: 'array', prefixItems: [text, text], items: false }),
    one({ type: 'array', items: text }),
    ['ok', 'breaks'],
  ],
  [
    'a map of texts to a map of anything',
    one({ type: 'object', additionalProperties: text }),
    one({ type: 'object' }),
    ['ok', 'breaks'],
  ],
  [
    'a branch more',
    one({ oneOf: [text] }),
    one({ oneOf: [text, { type: 'number' }] }),
    ['ok', 'breaks'],
  ],
  [
    'branches that are told apart by a const',
    one({ oneOf: [object({ kind: { const: 'a' } }, { required: ['kind'] })] }),
    one({
      oneOf: [object({ kind: { const: 'b' } }), object({ kind: { const: 'a' }, more: text })],
    }),
    ['ok', 'breaks'],
  ],
  [
    'types in place of branches',
    one({ type: ['string', 'number'] }),
    one({ anyOf: [text, { type: 'number' }] }),
    ['ok', 'ok'],
  ],
  [
    'a reference in place of what it names',
    one(text),
    object({ it: { $ref: '#/$defs/t' } }, { $defs: { t: text } }),
    ['ok', 'ok'],
  ],
  [
    'allOf in place of one',
    one({ type: 'integer', minimum: 1 }),
    one({ allOf: [{ type: 'integer' }, { minimum: 1 }] }),
    ['ok', 'ok'],
  ],
  ['a tree that stays as it is, written at another place', tree(), tree({}), ['ok', 'ok']],
  ['a tree whose nodes get a field', tree(), tree({ name: text }), ['breaks', 'ok']],
  ['a not that stays', one({ not: text }), one({ not: text, title: 'x' }), ['ok', 'ok']],
  ['another not', one({ not: text }), one({ not: { type: 'number' } }), ['unjudged', 'unjudged']],
  [
    'another pattern of properties',
    one({ type: 'object', patternProperties: { '^a': text } }),
    one({ type: 'object', patternProperties: { '^b': text } }),
    ['unjudged', 'unjudged'],
  ],
  ['nothing allowed any more', one(text), one(false), ['breaks', 'ok']],
];

function verdictOf(writer: JsonMap, reader: JsonMap): Verdicts[0] {
  const found = understood(writer, reader);
  if (found.length === 0) return 'ok';
  return found.some(({ verdict }) => verdict === 'breaks') ? 'breaks' : 'unjudged';
}

describe('understood', () => {
  it.each(CHANGES)('judges %s', (_, before, after, verdicts) => {
    expect([verdictOf(before, after), verdictOf(after, before)]).toEqual(verdicts);
  });

  it('names the place and what is wrong there', () => {
    const before = object({
      lines: { type: 'array', items: object({ price: { type: 'number' } }) },
    });
    const after = object({
      lines: {
        type: 'array',
        items: object(
          { price: { type: 'number', minimum: 0 }, 'odd key': text },
          { required: ['odd key'] },
        ),
      },
    });
    expect(understood(before, after)).toEqual([
      {
        path: 'payload.lines[]["odd key"]',
        verdict: 'breaks',
        message: 'is required, but may be absent',
      },
      { path: 'payload.lines[].price', verdict: 'breaks', message: 'minimum 0 is not kept' },
    ]);
  });

  it('does not judge alike what refers to definitions that have changed', () => {
    const using = (t: JsonMap) => object({ it: { not: { $ref: '#/$defs/t' } } }, { $defs: { t } });
    expect(verdictOf(using(text), using({ type: 'number' }))).toBe('unjudged');
  });

  it('ends for branches that multiply, and says that it cannot tell', () => {
    const wide = (last: JsonMap) =>
      one({
        allOf: Array.from({ length: 12 }, (_, i) => ({
          anyOf: [{ minLength: i }, { maxLength: 40 + i }, last],
        })),
      });
    expect(verdictOf(wide(text), wide({ type: 'number' }))).not.toBe('ok');
  });
});
