import { describe, expect, it } from '@jest/globals';
import { everyProofHolds } from './understood-random.rig.spec.ts';

describe('what is called understood', () => {
  it('is: every value that the writer lets through is valid for the reader', () => {
    const { proved, judged } = everyProofHolds(300);
    // Else it would prove nothing.
    expect(proved).toBeGreaterThan(40);
    expect(judged).toBeGreaterThan(500);
  });
});
