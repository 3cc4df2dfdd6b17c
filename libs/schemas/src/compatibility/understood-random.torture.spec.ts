import { describe, expect, it } from '@jest/globals';
import { everyProofHolds } from './understood-random.rig.spec.ts';

describe('what is called understood, at length', () => {
  it('is: every value that the writer lets through is valid for the reader', () => {
    expect(everyProofHolds(20_000).proved).toBeGreaterThan(3_000);
  }, 900_000);
});
