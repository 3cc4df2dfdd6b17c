import { describe, expect, it } from '@jest/globals';
import { mergeResults, parseResults } from './merge.ts';
import { reportOf } from './report.ts';
import type { BenchResults, ScenarioResult } from './results.ts';

const machine = {
  ...{ processor: 'x', cores: 2, memoryGib: 8, system: 'linux', node: 'v24', postgres: '18' },
  ...{ kafka: '4', commit: 'abc', loadAtStart: 0, settings: { fsync: 'on' } },
};

function scenario(name: string, seconds: number): ScenarioResult {
  const rounds = Array.from({ length: 3 }, () => ({ values: {}, repeated: 0 }));
  const measured = [{ subject: 'a', rounds, summaries: [] }];
  return {
    name,
    question: `What of ${name}?`,
    seconds,
    metrics: [],
    notes: [],
    measured,
    reached: [],
  };
}

function run(hour: number, events: number, scenarios: readonly ScenarioResult[]): BenchResults {
  const startedAt = `2026-11-22T0${hour}:00:00.000Z`;
  const sizes = { events, rounds: 5, repeats: 0 };
  return { format: 2, runs: [{ startedAt, machine, sizes, scenarios }] };
}

const early = run(1, 1000, [scenario('w9', 10), scenario('w1', 20)]);
const late = run(2, 2000, [scenario('w1', 30)]);

describe('results put together', () => {
  it('have of each scenario the last run, in whatever order they are given, by name', () => {
    for (const given of [
      [early, late],
      [late, early],
    ]) {
      const { runs } = mergeResults(given);
      expect(
        runs.map(({ scenarios }) => scenarios.map(({ name, seconds }) => [name, seconds])),
      ).toEqual([[['w1', 30]], [['w9', 10]]]);
    }
  });

  it('are reported with the sizes of the run that each scenario is of', () => {
    const text = reportOf(mergeResults([early, late]), undefined, {});
    expect(text).toContain(
      '2026-11-22T01:00:00.000Z to 2026-11-22T02:00:00.000Z, 2 runs, 40 s in all',
    );
    expect(text).toContain('- 3 rounds with --events 2000; took 30 s.');
    expect(text).toContain('- 3 rounds with --events 1000; took 10 s.');
  });

  it.each([
    ['day', { startedAt: '2026-11-23T01:00:00.000Z' }],
    ['commit', { machine: { ...machine, commit: 'abd' } }],
    ['settings', { machine: { ...machine, settings: { fsync: 'off' } } }],
  ])('are refused when they differ in %s', (what, change) => {
    const other: BenchResults = {
      format: 2,
      runs: late.runs.map((one) => ({ ...one, ...change })),
    };
    expect(() => mergeResults([early, other])).toThrow(`differ: ${what}`);
  });

  it('may differ in what others did meanwhile', () => {
    const busy = late.runs.map((one) => ({ ...one, machine: { ...machine, loadAtStart: 3 } }));
    expect(mergeResults([early, { format: 2, runs: busy }]).runs).toHaveLength(2);
  });
});

describe('a file of results', () => {
  it('is read as it was written, and refused when an older version wrote it', () => {
    expect(parseResults('a.json', JSON.stringify(early))).toEqual(early);
    expect(() => parseResults('a.json', '{"format":1}')).toThrow('a.json is of another version');
  });
});
