import { expect, it } from '@jest/globals';
import { MOST_POSITIONS, reachOf } from './reach.ts';

it('reaches as far as a window of the lanes needs, and ends', () => {
  expect(reachOf(2000, 64)).toBe(2000n);
  expect(reachOf(2000, 8)).toBe(16_000n);
  expect(reachOf(1, 63)).toBe(2n);
  expect(reachOf(2000, 1)).toBe(MOST_POSITIONS);
  expect(reachOf(2000, 0)).toBe(MOST_POSITIONS);
});
