import { describe, expect, it } from '@jest/globals';
import { decodeDetails, encodeDetails } from './error-details.ts';

const details = {
  reason: 'EVENT_INVALID',
  metadata: { stored: 'NO' },
  violations: [{ field: 'events[3].payload', description: 'is missing' }],
  retryAfterMs: 2500,
};

describe('error details', () => {
  it('come back as they went', () => {
    expect(decodeDetails(encodeDetails(3, 'wrong', details))).toEqual(details);
    const bare = { reason: 'X_Y', metadata: {}, violations: [], retryAfterMs: undefined };
    expect(decodeDetails(encodeDetails(3, 'wrong', bare))).toEqual(bare);
  });

  it('hold at most 20 violations', () => {
    const violations = Array.from({ length: 500 }, (_, n) => ({
      field: `events[${n}]`,
      description: 'is missing',
    }));
    const decoded = decodeDetails(encodeDetails(3, 'wrong', { ...details, violations }));
    expect(decoded?.violations).toEqual(violations.slice(0, 20));
  });

  it.each([
    [
      'long violations',
      { violations: Array(20).fill({ field: 'ü'.repeat(9000), description: '€'.repeat(9000) }) },
    ],
    [
      'much metadata',
      {
        metadata: Object.fromEntries(
          Array.from({ length: 99 }, (_, n) => [`k${n}`, '€'.repeat(9000)]),
        ),
      },
    ],
  ])('with %s stay below 8 KiB as a header, and keep their reason', (_, more) => {
    const encoded = encodeDetails(3, '€'.repeat(9000), { ...details, ...more });
    expect(Buffer.from(encoded).toString('base64').length).toBeLessThanOrEqual(8192 - 1024);
    expect(decodeDetails(encoded)?.reason).toBe('EVENT_INVALID');
  });

  it('take text that is not Unicode', () => {
    const violations = [{ field: 'a\ud800', description: `${'x'.repeat(254)}😀😀` }];
    const decoded = decodeDetails(encodeDetails(3, '\udfff', { ...details, violations }));
    expect(decoded?.violations[0]?.field).toBe('a\ufffd');
  });

  it('that cannot be read are none', () => {
    expect(decodeDetails(Buffer.from('garbage'))).toBeUndefined();
  });
});
