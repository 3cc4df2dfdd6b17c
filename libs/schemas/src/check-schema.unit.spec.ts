import { describe, expect, it } from '@jest/globals';
import { checkSchema } from './check-schema.ts';
import type { Json, JsonMap } from './json.ts';

const object = (more: JsonMap): JsonMap => ({ type: 'object', ...more });
const nested = (levels: number): Json => (levels === 0 ? {} : { items: nested(levels - 1) });

const REFUSED: readonly [what: string, schema: Json, pointer: string, problem: RegExp][] = [
  ['a list', [], '', /must be a map/],
  ['another type', { type: 'string' }, '/type', /payloads are JSON objects/],
  [
    'another draft',
    object({ $schema: 'http://json-schema.org/draft-07/schema#' }),
    '/$schema',
    /2020-12/,
  ],
  ['a misspelt keyword', object({ requierd: ['a'] }), '/requierd', /no keyword/],
  [
    'a reference into the world',
    object({ properties: { a: { $ref: 'https://example.com/a' } } }),
    '/properties/a/$ref',
    /of this document/,
  ],
  [
    'a reference to nothing',
    object({ properties: { a: { $ref: '#/$defs/no' } } }),
    '/properties/a/$ref',
    /of this document/,
  ],
  [
    'a reference to what every map has',
    object({ $defs: {}, properties: { a: { $ref: '#/$defs/toString' } } }),
    '/properties/a/$ref',
    /of this document/,
  ],
  ['a dynamic reference', object({ $dynamicRef: '#a' }), '/$dynamicRef', /no keyword/],
  ['an id within', object({ properties: { a: { $id: 'x' } } }), '/properties/a/$id', /top only/],
  ['a schema that is none', object({ properties: { a: 1 } }), '/properties/a', /must be a schema/],
  [
    'a circle',
    object({ $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }] } } }),
    '/$defs/a/anyOf/0/$ref',
    /refers to itself/,
  ],
  [
    'a circle through the whole',
    object({ allOf: [{ $ref: '#' }] }),
    '/allOf/0/$ref',
    /refers to itself/,
  ],
  ['too many levels', object({ items: nested(40) }), '', /32 levels/],
  ['too many bytes', object({ description: 'x'.repeat(70_000) }), '', /65536 bytes/],
  [
    'too many subschemas',
    object({ allOf: Array.from({ length: 2_001 }, () => true) }),
    '',
    /2000 subschemas/,
  ],
  [
    'too many patterns',
    object({ allOf: Array.from({ length: 51 }, () => ({ pattern: 'a' })) }),
    '',
    /50 patterns/,
  ],
  [
    'a pattern that is too long',
    object({ patternProperties: { ['a'.repeat(501)]: true } }),
    '/pattern',
    /500 characters/,
  ],
];

describe('checkSchema', () => {
  it.each(REFUSED)('refuses %s', (_, schema, pointer, problem) => {
    expect(checkSchema(schema)).toContainEqual({
      pointer,
      problem: expect.stringMatching(problem),
    });
  });

  it('takes a schema with everything in it, and a tree that refers to itself below', () => {
    const schema = object({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'nova:order_placed:1',
      'x-owner': 'shop',
      properties: { children: { type: 'array', items: { $ref: '#' } }, to: { $ref: '#/$defs/to' } },
      $defs: { to: { anyOf: [{ type: 'string', pattern: '^a' }, { not: { type: 'null' } }] } },
      required: ['to'],
      additionalProperties: false,
    });
    expect(checkSchema(schema)).toEqual([]);
  });
});
