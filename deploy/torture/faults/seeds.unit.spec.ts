import { describe, expect, it } from '@jest/globals';
import { PER_RIG, seedsByRig, seedsOfOneRig } from './seeds.ts';

const from = (seed: number, count: number) =>
  Array.from({ length: count }, (_, index) => seed + index);

describe('the seeds of a run', () => {
  it('are run with one driver before the other, so that few rigs are started', () => {
    const seeds = seedsByRig(109, 14);
    expect(seeds).toEqual([109, 110, ...from(116, 5), ...from(111, 5), 121, 122]);
    expect(seedsOfOneRig(seeds)).toEqual([109, 110, ...from(116, 5)]);
    expect(seedsOfOneRig(seeds.slice(7))).toEqual([...from(111, 5), 121, 122]);
  });

  it('begin with the one that was asked for, whatever it runs on', () => {
    expect(seedsByRig(107, 1)).toEqual([107]);
    expect(seedsByRig(12, 4)).toEqual(from(12, 4));
    expect(seedsOfOneRig(seedsByRig(99, 4))).toEqual([99, 100]);
  });

  it('have servers of their own after so many', () => {
    expect(seedsOfOneRig(from(1, 60))).toEqual(from(1, PER_RIG));
  });
});
