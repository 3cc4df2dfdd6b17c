import { describe, expect, it } from '@jest/globals';
import type { JsonMap } from '../json.ts';
import { type Compatibility, judgeChange } from './judge-change.ts';

/** An order whose amount is of these bounds, closed to anything else. */
const order = (amount: JsonMap, required: readonly string[] = ['amount']): JsonMap => ({
  type: 'object',
  properties: { amount: { type: 'integer', ...amount } },
  required: [...required],
  additionalProperties: false,
});

const ANY = order({});
const POSITIVE = order({ minimum: 1 });
const SMALL = order({ minimum: 1, maximum: 9 });
const OPTIONAL = order({}, []);

/** `version/direction` of what a rule has against the last of these schemas. */
function against(rule: Compatibility, ...schemas: readonly JsonMap[]): readonly string[] {
  const versions = schemas.map((schema, index) => ({ version: index + 1, schema }));
  const next = versions.pop()?.schema ?? {};
  return judgeChange(rule, versions, next).map(
    ({ version, direction }) => `${version}/${direction}`,
  );
}

describe('a rule of compatibility', () => {
  it.each<[Compatibility, readonly string[], readonly string[]]>([
    // What the rule says to a schema that allows more, and to one that allows less.
    ['NONE', [], []],
    ['BACKWARD', [], ['1/backward']],
    ['FORWARD', ['1/forward'], []],
    ['FULL', ['1/forward'], ['1/backward']],
    ['BACKWARD_ALL', [], ['1/backward']],
    ['FORWARD_ALL', ['1/forward'], []],
    ['FULL_ALL', ['1/forward'], ['1/backward']],
  ])('%s asks in its direction', (rule, ofWider, ofNarrower) => {
    expect(against(rule, POSITIVE, ANY)).toEqual(ofWider);
    expect(against(rule, POSITIVE, SMALL)).toEqual(ofNarrower);
    expect(against(rule, POSITIVE, POSITIVE)).toEqual([]);
  });

  it.each<[Compatibility, readonly string[]]>([
    ['BACKWARD', []],
    ['FORWARD', []],
    ['FULL', []],
    ['BACKWARD_ALL', ['1/backward']],
    ['FORWARD_ALL', ['2/forward']],
    ['FULL_ALL', ['2/forward', '1/backward']],
  ])('%s asks about the versions that it is to ask about, the latest first', (rule, told) => {
    // Against the first it allows less, against the second more, and it is the third.
    expect(against(rule, ANY, SMALL, POSITIVE, POSITIVE)).toEqual(told);
  });

  it('tells where, and that a field which may be absent is missed by old readers', () => {
    expect(judgeChange('FORWARD', [{ version: 4, schema: ANY }], OPTIONAL)).toMatchObject([
      { direction: 'forward', version: 4, path: 'payload.amount' },
    ]);
    expect(judgeChange('BACKWARD', [{ version: 4, schema: ANY }], OPTIONAL)).toEqual([]);
  });
});
