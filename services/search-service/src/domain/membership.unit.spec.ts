import { describe, expect, it } from '@jest/globals';
import { joined, left, type Windows } from './membership.ts';

describe('membership', () => {
  it('opens and closes windows, and changes nothing for who is there, or away, already', () => {
    const open = joined([], 3);
    expect(open).toEqual([3]);
    expect(joined(open, 4)).toBe(open);
    const closed = left(open, 5);
    expect(closed).toEqual([3, 5]);
    expect(left(closed, 6)).toBe(closed);
    expect(joined(closed, 7)).toEqual([3, 5, 7]);
  });

  it('keeps the last hundred windows', () => {
    let windows: Windows = [];
    for (let version = 1; version <= 500; version += 2) {
      windows = left(joined(windows, version), version + 1);
    }
    expect(windows).toHaveLength(200);
    expect(windows.slice(-2)).toEqual([499, 500]);
  });
});
