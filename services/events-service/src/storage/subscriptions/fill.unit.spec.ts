import { describe, expect, it } from '@jest/globals';
import { commonEnd } from './fill.ts';

const log = (...epochs: readonly [string, bigint][]) => ({
  head: { epoch: epochs.at(-1)?.[0] ?? '', position: 500n },
  epochs: epochs.map(([epoch, firstPosition]) => ({ epoch, firstPosition, startedAt: '' })),
  lanes: [],
});

describe('where two logs are one', () => {
  it('is nowhere to be looked for while what was read is there', () => {
    const one = log(['a', 1n], ['b', 101n]);
    expect(commonEnd({ epoch: 'a', position: 100n }, one)).toBeUndefined();
    expect(commonEnd({ epoch: 'b', position: 300n }, one)).toBeUndefined();
    expect(commonEnd({ epoch: 'a', position: 0n }, one)).toBeUndefined();
  });

  it('lies before the first epoch that begins within what was read', () => {
    const one = log(['a', 1n], ['b', 101n]);
    expect(commonEnd({ epoch: 'a', position: 101n }, one)).toEqual({ epoch: 'a', position: 100n });
    const twice = log(['a', 1n], ['b', 101n], ['c', 81n]);
    expect(commonEnd({ epoch: 'a', position: 90n }, twice)).toEqual({ epoch: 'a', position: 80n });
    expect(commonEnd({ epoch: 'b', position: 150n }, twice)?.position).toBe(80n);
  });

  it('is the beginning for an epoch that nobody knows', () => {
    expect(commonEnd({ epoch: 'x', position: 7n }, log(['a', 1n]))).toEqual({
      epoch: 'a',
      position: 0n,
    });
  });
});
