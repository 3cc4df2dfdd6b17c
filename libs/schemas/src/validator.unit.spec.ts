import { afterAll, describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import type { JsonMap } from './json.ts';
import { createValidator } from './validator.ts';

const validator = createValidator();
afterAll(() => validator.part.stop());

let named = 0;
async function violations(schema: JsonMap, ...payloads: readonly unknown[]) {
  named += 1;
  const texts = payloads.map((payload) => JSON.stringify(payload));
  return validator.validate(`spec:${named}`, JSON.stringify(schema), texts);
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (thrown: unknown) => (isNovaError(thrown) ? thrown.code : String(thrown)),
  );

/** Visits 2^n schemas for a payload that is n levels deep. */
const doubling: JsonMap = {
  type: 'object',
  anyOf: [
    { properties: { a: { $ref: '#' } }, required: ['x'] },
    { properties: { a: { $ref: '#' } }, required: ['y'] },
  ],
};
const deep = Array.from({ length: 30 }).reduce<object>((inner) => ({ a: inner }), {});

describe('the validator', () => {
  it('names the field and what is wrong with it, of each payload', async () => {
    const schema: JsonMap = {
      type: 'object',
      properties: {
        lines: {
          type: 'array',
          items: { type: 'object', required: ['price'], properties: { price: { type: 'number' } } },
        },
        state: { enum: ['open', 'done'] },
      },
      additionalProperties: false,
    };
    const wrong = { lines: [{}, { price: 'x' }], state: 'shut', 'odd key': 1 };
    expect(await violations(schema, { state: 'open' }, wrong)).toEqual([
      [],
      expect.arrayContaining([
        { field: 'payload.lines[0].price', description: 'is required' },
        { field: 'payload.lines[1].price', description: 'must be number' },
        { field: 'payload.state', description: 'must be one of ["open","done"]' },
        { field: 'payload["odd key"]', description: 'is not a field of this event type' },
      ]),
    ]);
  });

  it.each([
    ['a type that does not exist', { type: 'object', properties: { a: { type: 'text' } } }],
    ['a pattern that looks around', { type: 'object', properties: { a: { pattern: '(?=a)b' } } }],
    ['a pattern that refers back', { type: 'object', properties: { a: { pattern: '(a)\\1' } } }],
    ['a negative length', { type: 'object', properties: { a: { minLength: -1 } } }],
  ])('does not take %s', async (_, schema) => {
    expect(await validator.compile(JSON.stringify(schema))).toMatchObject([
      { problem: expect.stringMatching(/^is no valid schema: ./) },
    ]);
  });

  it('matches a pattern in linear time that takes other engines for ever', async () => {
    const properties = {
      a: { type: 'string', pattern: '^(a+)+$' },
      b: { type: 'string', pattern: '^b' },
    };
    const schema = { type: 'object', properties };
    expect(await validator.compile(JSON.stringify(schema))).toEqual([]);
    const evil = { a: `${'a'.repeat(50_000)}!`, b: 'b' };
    expect(await violations(schema, evil, { a: 'aaa', b: 'b' }, { a: 'aaa', b: 'a' })).toEqual([
      [{ field: 'payload.a', description: 'must match pattern "^(a+)+$"' }],
      [],
      [{ field: 'payload.b', description: 'must match pattern "^b"' }],
    ]);
  });

  it('takes no other meaning of a payload whose keys are names of methods', async () => {
    const schema = {
      type: 'object',
      required: ['toString'],
      properties: { a: { uniqueItems: true } },
    };
    const [absent, shadowing] = await violations(
      schema,
      {},
      { toString: 1, a: [{ valueOf: 1 }, { valueOf: 2 }] },
    );
    expect(absent).toEqual([{ field: 'payload.toString', description: 'is required' }]);
    expect(shadowing).toMatchObject([{ field: 'payload' }]);
  });

  it('gives up on what takes too long, leaves the event loop alone, and serves the others', async () => {
    const limitMs = 1_500;
    const impatient = createValidator({ limitMs });
    let longestMs = 0;
    let lastMs = performance.now();
    const watch = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - lastMs);
      lastMs = performance.now();
    }, 5);
    try {
      const text = JSON.stringify({ type: 'object' });
      expect(await impatient.validate('before', text, ['{}'])).toEqual([[]]);
      const evil = impatient.validate('doubling', JSON.stringify(doubling), [JSON.stringify(deep)]);
      const others = Array.from({ length: 20 }, (_, i) =>
        impatient.validate(`o${i}`, text, ['{}']),
      );
      expect(await codeOf(evil)).toBe('NOVA_SCHEMA_CHECK_OVERRUN');
      expect(await Promise.all(others)).toEqual(others.map(() => [[]]));
      // On the event loop it would have stood still for the whole limit.
      expect(longestMs).toBeLessThan(limitMs / 2);
    } finally {
      clearInterval(watch);
      await impatient.part.stop();
    }
  });

  it('answers those who wait when it is stopped', async () => {
    const stopped = createValidator();
    const asked = stopped.compile('{}');
    await stopped.part.stop();
    expect(await codeOf(asked)).toBe('NOVA_SCHEMA_CHECK_LOST');
    await stopped.part.stop();
  });
});
