import { describe, expect, it } from '@jest/globals';
import { PublishRate } from './publish-rate.ts';

describe('PublishRate', () => {
  it('is nothing before there are two samples', () => {
    const rate = new PublishRate();
    expect(rate.perSecond()).toBe(0);
    rate.note(1_000, 50n);
    expect(rate.perSecond()).toBe(0);
  });

  it('looks at the last minute only', () => {
    const rate = new PublishRate();
    for (let second = 0; second <= 300; second += 10) {
      rate.note(second * 1_000, second < 200 ? BigInt(second * 1_000) : 199_000n);
    }
    expect(rate.perSecond()).toBe(0);
    for (let second = 310; second <= 400; second += 10) {
      rate.note(second * 1_000, 199_000n + BigInt((second - 300) * 5));
    }
    expect(rate.perSecond()).toBeCloseTo(5, 5);
  });

  it('begins anew when less is published than before', () => {
    const rate = new PublishRate();
    rate.note(0, 1_000n);
    rate.note(10_000, 10n);
    expect(rate.perSecond()).toBe(0);
    rate.note(20_000, 110n);
    expect(rate.perSecond()).toBe(10);
  });
});
