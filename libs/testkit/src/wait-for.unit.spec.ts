import { describe, expect, it } from '@jest/globals';
import { waitFor } from './wait-for.ts';

describe('waitFor', () => {
  it('returns the first result that is something', async () => {
    let asked = 0;
    const condition = () => {
      asked += 1;
      if (asked < 3) throw new Error('not yet');
      return asked < 5 ? undefined : 0;
    };
    expect(await waitFor(condition, { withinMs: 5000, what: 'it', everyMs: 1 })).toBe(0);
    expect(asked).toBe(5);
  });

  it('gives up with what it waited for and why it was not met', async () => {
    const never = () => Promise.reject(new Error('the reason'));
    await expect(waitFor(never, { withinMs: 30, what: 'rain' })).rejects.toThrow(
      'rain did not come within 30 ms: the reason',
    );
  });
});
