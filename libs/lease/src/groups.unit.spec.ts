import { describe, expect, it } from '@jest/globals';
import { largestGroupsFirst } from './groups.ts';

const order = (lanes: readonly number[], groups: number) =>
  largestGroupsFirst(
    lanes.map((lane) => ({ lane })),
    groups,
  ).map(({ lane }) => lane);

describe('what a member keeps', () => {
  it('is what it has most of, group by group', () => {
    expect(order([0, 1, 2, 3, 4, 5, 6, 8], 4)).toEqual([0, 4, 8, 1, 5, 2, 6, 3]);
  });

  it('is what it has, in its order, where all are one group', () => {
    expect(order([7, 3, 5], 1)).toEqual([7, 3, 5]);
  });
});
