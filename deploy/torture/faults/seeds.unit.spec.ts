import { describe, expect, it } from '@jest/globals';
import { seedsByRig, seedsLike } from './seeds.ts';

const from = (seed: number, count: number) =>
  Array.from({ length: count }, (_, index) => seed + index);

describe('the seeds of a run', () => {
  it('are run with one driver before the other, so that few rigs are started', () => {
    expect(seedsByRig(109, 14)).toEqual([
      [109, 110, ...from(116, 5)],
      [...from(111, 5), 121, 122],
    ]);
  });

  it('begin with the one that was asked for, whatever it runs on', () => {
    expect(seedsByRig(107, 1)).toEqual([[107]]);
    expect(seedsByRig(12, 4)).toEqual([from(12, 4)]);
    expect(seedsByRig(99, 4)).toEqual([
      [99, 100],
      [101, 102],
    ]);
  });

  it('are followed by others of the same kind, where some prove nothing', () => {
    const like = seedsLike(109);
    const next = from(0, 8).map(() => like.next().value);
    expect(next).toEqual([109, 110, ...from(116, 5), 126]);
    expect([...seedsLike(99)]).toEqual([99, 100]);
  });
});
