import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Verdict } from '../checker/verdict.ts';
import { bugs } from './bugs.ts';
import { CompiledFolder, runPlanted } from './run-planted.ts';
import { scenarios } from './scenarios.ts';
import { sideBySide } from './side-by-side.ts';

// Of all of them together: each waits for those before it.
const WITHIN_MS = 600_000;
/** Runs at a time: each waits for PostgreSQL, for leases and for its own start most of its time. */
const AT_A_TIME = 3;
const compiled = new CompiledFolder();
const names = Object.keys(scenarios);
let sound: readonly Promise<Verdict>[];
let broken: readonly Promise<Verdict>[];

beforeAll(() => {
  const runs = sideBySide(AT_A_TIME, [
    ...names.map((name) => () => runPlanted(name, compiled)),
    ...bugs.map(
      ({ scenario, name }) =>
        () =>
          runPlanted(scenario, compiled, name),
    ),
  ]);
  sound = runs.slice(0, names.length);
  broken = runs.slice(names.length);
});
afterAll(async () => {
  await Promise.allSettled([...sound, ...broken]);
  compiled.remove();
}, WITHIN_MS);

describe('the checker', () => {
  it.each(names.map((name, index) => [name, index] as const))(
    'has nothing against nova in the scenario: %s',
    async (_, index) => {
      const { ok, ...verdict } = await told(sound[index]);
      expect(ok ? true : verdict).toBe(true);
      expect(verdict.acked).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );

  it('knows 16 bugs to be caught', () => expect(bugs).toHaveLength(16));

  it.each(bugs.map((bug, index) => [bug.name, index, bug] as const))(
    'catches: %s',
    async (_, index, bug) => {
      const verdict = await told(broken[index]);
      expect(verdict.ok).toBe(false);
      expect(verdict[bug.caughtAs].count).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );
});

function told(run: Promise<Verdict> | undefined): Promise<Verdict> {
  return run ?? Promise.reject(new Error('it was not run'));
}
