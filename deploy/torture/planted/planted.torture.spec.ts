import { afterAll, describe, expect, it } from '@jest/globals';
import { bugs } from './bugs.ts';
import { CompiledFolder, runPlanted } from './run-planted.ts';
import { scenarios } from './scenarios.ts';

const WITHIN_MS = 120_000;
const compiled = new CompiledFolder();
afterAll(() => compiled.remove());

describe('the checker', () => {
  it.each(Object.keys(scenarios))(
    'has nothing against nova in the scenario: %s',
    async (name) => {
      const { ok, ...verdict } = await runPlanted(name, compiled);
      expect(ok ? true : verdict).toBe(true);
      expect(verdict.acked).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );

  it('knows 16 bugs to be caught', () => expect(bugs).toHaveLength(16));

  it.each(bugs.map((bug) => [bug.name, bug] as const))(
    'catches: %s',
    async (name, bug) => {
      const verdict = await runPlanted(bug.scenario, compiled, name);
      expect(verdict.ok).toBe(false);
      expect(verdict[bug.caughtAs].count).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );
});
