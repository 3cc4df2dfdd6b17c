import { describe, expect, it } from '@jest/globals';
import { instantOf, microsOfText, momentOf } from './moments.ts';

const times = {
  occurredAt: '2026-01-02T03:04:05.678901Z',
  storedAt: '2026-01-02T03:04:06.000000Z',
};

describe('moments', () => {
  it('are microseconds, there and back', () => {
    expect(microsOfText('1970-01-01T00:00:01.000002Z')).toBe(1_000_002);
    expect(instantOf(1_000_002)).toEqual({ seconds: 1n, nanos: 2000 });
    expect(microsOfText('1969-12-31T23:59:59.999999Z')).toBe(-1);
    expect(instantOf(-1)).toEqual({ seconds: -1n, nanos: 999_999_000 });
  });

  it('are what the payload tells, else when the event occurred, never later than it was stored', () => {
    expect(momentOf({ seconds: 5n, nanos: 7999 }, times)).toBe(5_000_007);
    expect(momentOf(undefined, times)).toBe(microsOfText(times.occurredAt));
    expect(momentOf({ seconds: 99_999_999_999n, nanos: 0 }, times)).toBe(
      microsOfText(times.storedAt),
    );
  });
});
