import { describe, expect, it } from '@jest/globals';
import { parseStartingPoint, windowsBack } from './starting-point.ts';

const EPOCH = '00000000000000aa';
const at = (position: bigint) => `${EPOCH}-${String(position).padStart(19, '0')}`;

describe('parseStartingPoint', () => {
  it('reads every way of saying where to begin', () => {
    expect(parseStartingPoint('beginning')).toEqual({ kind: 'beginning' });
    expect(parseStartingPoint('now')).toEqual({ kind: 'now' });
    expect(parseStartingPoint('-25')).toEqual({ kind: 'last', count: 25 });
    expect(parseStartingPoint(at(7n))).toEqual({
      kind: 'after',
      position: { epoch: EPOCH, position: 7n },
    });
  });

  it.each(['', '25', 'yesterday', '-', '-x', '12-34'])('refuses %j', (text) => {
    expect(() => parseStartingPoint(text)).toThrow('--from must be');
  });
});

describe('windowsBack', () => {
  it('reaches ever further back and ends with the whole log', () => {
    const windows = [...windowsBack({ epoch: EPOCH, position: 10_000n }, 10)];
    expect(windows).toEqual([at(9936n), at(9488n), at(5904n), undefined]);
    expect([...windowsBack({ epoch: EPOCH, position: 50n }, 10)]).toEqual([undefined]);
    expect([...windowsBack({ epoch: EPOCH, position: 0n }, 10)]).toEqual([undefined]);
  });
});
