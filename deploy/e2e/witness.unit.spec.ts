import { describe, expect, it } from '@jest/globals';
import { inversions, type SeenRecord } from './witness.ts';

function record(eventId: string, version: number, key = 'a'): SeenRecord {
  return { topic: 't', partition: 0, key, eventId, version };
}

describe('inversions', () => {
  it('finds a first occurrence that comes too late', () => {
    const late = record('two', 2);
    expect(inversions([record('one', 1), record('three', 3), late])).toEqual([late]);
  });

  it('takes no offence at duplicates and at other keys', () => {
    expect(
      inversions([record('one', 1), record('two', 2), record('one', 1), record('x', 1, 'b')]),
    ).toEqual([]);
  });
});
