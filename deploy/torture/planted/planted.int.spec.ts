import { afterAll, describe, expect, it } from '@jest/globals';
import { bugs } from './bugs.ts';
import { CompiledFolder, runPlanted } from './run-planted.ts';

/** Those of which each is quick, one of every finding; planted.torture.spec.ts has all. */
const QUICK = [
  'ack before commit',
  'swap two events',
  'an answer without the partition',
  'exclusive conditions in one batch',
  'apply twice',
  'dedupe in a separate transaction',
  'skip on poison',
  'a view of the local clock',
];
const WITHIN_MS = 120_000;
const compiled = new CompiledFolder();
afterAll(() => compiled.remove());
const quick = bugs.filter(({ name }) => QUICK.includes(name));

describe('the checker', () => {
  it.each([...new Set(quick.map(({ scenario }) => scenario))])(
    'has nothing against nova in the scenario: %s',
    async (name) => {
      const { ok, ...verdict } = await runPlanted(name, compiled);
      expect(ok ? true : verdict).toBe(true);
      expect(verdict.acked).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );

  it.each(quick.map((bug) => [bug.name, bug] as const))(
    'catches: %s',
    async (name, bug) => {
      const verdict = await runPlanted(bug.scenario, compiled, name);
      expect(verdict.ok).toBe(false);
      expect(verdict[bug.caughtAs].count).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );
});
