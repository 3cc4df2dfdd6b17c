import { describe, expect, it } from '@jest/globals';
import { fuzzStack } from './fuzz-stack.ts';

const MIB = 1024 * 1024;

describe('a million requests of any kind', () => {
  it('end no process, are no INTERNAL or UNKNOWN, and leave memory flat', async () => {
    const reports = await fuzzStack({ requests: 1_000_000, withinMs: 3_600_000 });
    for (const { service, seed, bad, alive, sent, statuses, examples, memory } of reports) {
      process.stdout.write(
        `${JSON.stringify({ service, seed, sent, statuses, examples, memory })}\n`,
      );
      expect({ service, seed, bad, alive }).toEqual({ service, seed, bad: [], alive: true });
      expect(memory.late - memory.early).toBeLessThan(150 * MIB);
    }
  }, 4_000_000);
});
