import { describe, expect, it } from '@jest/globals';
import { simulate } from './simulate.ts';

const SEEDS = 500;

describe('the simulation of relays and consumers', () => {
  it(`has nothing against ${SEEDS} seeds`, async () => {
    let duplicates = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { offences, verdict } = await simulate(seed);
      if (!verdict.ok || offences.length > 0) expect({ seed, offences, verdict }).toBe('all well');
      duplicates += verdict.duplicates;
    }
    // Else nothing was ever sent again, and the seeds prove nothing.
    expect(duplicates).toBeGreaterThan(SEEDS);
  }, 240_000);

  it('does the same for the same seed, and something else for another', async () => {
    const traces: string[] = [];
    for (const seed of [1, 7, 42, 1, 7, 42]) traces.push((await simulate(seed)).trace);
    expect(traces.slice(3)).toEqual(traces.slice(0, 3));
    expect(new Set(traces).size).toBe(3);
  });
});
