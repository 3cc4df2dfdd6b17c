import { describe, expect, it } from '@jest/globals';
import { verdictOf } from './orders-killed.ts';

const right = { missing: 0, incomplete: 0, doubled: 0, invented: 0 };

describe('the verdict on the board', () => {
  it('has nothing against what was placed and shipped once each, before or now', () => {
    const rows = [
      ['a', '7', '1', '1'],
      ['old', '42', '1', '1'],
    ];
    expect(verdictOf(rows, ['a'], ['old'])).toEqual(right);
  });

  it.each([
    ['an order that is not there', [], { missing: 1 }],
    ['one that was not shipped', [['a', '7', '1', '0']], { incomplete: 1 }],
    ['one that was not placed', [['a', '0', '0', '1']], { incomplete: 1 }],
    ['another amount', [['a', '8', '1', '1']], { incomplete: 1 }],
    ['one that was placed twice', [['a', '7', '2', '1']], { doubled: 1 }],
    ['one that was shipped twice', [['a', '7', '1', '2']], { doubled: 1 }],
    [
      'one that nobody has placed',
      [
        ['a', '7', '1', '1'],
        ['b', '7', '1', '1'],
      ],
      { invented: 1 },
    ],
  ])('finds %s', (_, rows, found) => {
    expect(verdictOf(rows, ['a'], [])).toEqual({ ...right, ...found });
  });
});
