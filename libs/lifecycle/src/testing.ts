import { describe, expect, it } from '@jest/globals';
import type { Part } from './part.ts';

/**
 * The contract of every `Part`, as a suite. `make` builds a fresh part; `isWorking` tells whether it
 * does its work at this moment.
 */
export function partConformance(
  name: string,
  make: () => Promise<{ part: Part; isWorking: () => Promise<boolean> }>,
): void {
  describe(`${name} as a part`, () => {
    it('works after start and not after stop', async () => {
      const { part, isWorking } = await make();
      await part.start();
      expect(await isWorking()).toBe(true);
      await part.stop();
      expect(await isWorking()).toBe(false);
    });

    it('takes a stop before start', async () => {
      const { part } = await make();
      await part.stop();
      expect(part.name).not.toBe('');
    });

    it('takes a second stop, also at the same time', async () => {
      const { part, isWorking } = await make();
      await part.start();
      await Promise.all([part.stop(), part.stop()]);
      await part.stop();
      expect(await isWorking()).toBe(false);
    });
  });
}
