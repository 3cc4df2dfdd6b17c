import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatTime, isUtcTime, parseTime } from './rfc3339.ts';

describe('parseTime', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0n, 0],
    ['1969-12-31T23:59:59.25Z', -1n, 250_000_000],
    ['2024-02-29T12:00:00.123456789+02:00', 1_709_200_800n, 123_456_789],
    ['0001-01-01T00:00:00Z', -62_135_596_800n, 0],
    ['9999-12-31T23:59:59.999999999Z', 253_402_300_799n, 999_999_999],
  ])('reads %s', (text, seconds, nanos) => {
    expect(parseTime(text)).toEqual({ seconds, nanos });
  });

  it.each([
    '',
    '2024-01-01',
    '2024-01-01T00:00:00',
    '2024-01-01 00:00:00Z',
    '2024-01-01t00:00:00z',
    '2023-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-10T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T23:59:60Z',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00.1234567890Z',
    '2024-01-01T00:00:00+24:00',
    '0000-12-31T23:59:59Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '10000-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z\n',
  ])('does not read %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

describe('formatTime', () => {
  it('writes microseconds and cuts off the rest', () => {
    expect(formatTime({ seconds: -1n, nanos: 250_000_999 })).toBe('1969-12-31T23:59:59.250000Z');
    expect(formatTime({ seconds: 253_402_300_799n, nanos: 999_999_999 })).toBe(
      '9999-12-31T23:59:59.999999Z',
    );
  });

  it.each([
    { seconds: 253_402_300_800n, nanos: 0 },
    { seconds: -62_135_596_801n, nanos: 0 },
    { seconds: 2n ** 62n, nanos: 0 },
    { seconds: 0n, nanos: -1 },
    { seconds: 0n, nanos: 1_000_000_000 },
    { seconds: 0n, nanos: 0.5 },
  ])('refuses $seconds s $nanos ns', (instant) => {
    expect(formatTime(instant)).toBeUndefined();
  });

  it('is undone by parseTime', () => {
    const seconds = fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n });
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 999_999 }), (seconds, micros) => {
        const instant = { seconds, nanos: micros * 1000 };
        expect(parseTime(formatTime(instant) ?? '')).toEqual(instant);
      }),
    );
  });
});

describe('isUtcTime', () => {
  const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
  const near = fc
    .tuple(
      fc.constantFrom('0000', '0001', '1900', '2000', '2023', '2024', '9999'),
      two,
      two,
      two,
      two,
      two,
    )
    .map(([year, month, day, ...time]) => `${year}-${month}-${day}T${time.join(':')}`);
  const end = fc.constantFrom('Z', '.5Z', '.123456789Z', '.Z', '.1234567890Z', '+00:00', '', 'z');

  it('says of every text what reading it would, of those that end with Z', () => {
    const month = fc.integer({ min: 1, max: 12 });
    const day = fc.integer({ min: 27, max: 31 });
    const sound = fc
      .tuple(fc.integer({ min: 0, max: 2400 }), month, day)
      .map(
        ([y, m, d]) => `${String(y).padStart(4, '0')}-${String(m).padStart(2, '0')}-${d}T23:59:59`,
      );
    fc.assert(
      fc.property(fc.oneof(near, sound, fc.string()), end, (text, suffix) => {
        const whole = text + suffix;
        expect(isUtcTime(whole)).toBe(whole.endsWith('Z') && parseTime(whole) !== undefined);
      }),
      { numRuns: 2000 },
    );
  });
});
