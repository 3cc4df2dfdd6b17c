import { describe, expect, it } from '@jest/globals';
import { reportOf } from './report.ts';
import { type BenchResults, isSound, resultOf, type ScenarioResult } from './results.ts';
import { interleave } from './rounds.ts';
import type { Metric, Outcome, Scenario } from './scenario.ts';
import { median, quantile } from './statistics.ts';

const metrics: readonly Metric[] = [
  { key: 'rate', title: 'events/s', unit: '/s', better: 'higher' },
  { key: 'p99', title: 'p99', unit: 'ms', better: 'lower' },
];
const sizes = { events: 1000, rounds: 3, repeats: 2 };
const quiet = () => ({ sizes, signal: new AbortController().signal, say: () => {} });
const scenario: Scenario = {
  name: 'w0',
  question: 'Which is quicker?',
  notes: [],
  metrics,
  targets: [
    { what: 'rate', metric: 'rate', of: 'a', against: 'b', floor: 2, aim: 5 },
    { what: 'p99', metric: 'p99', of: 'a', against: 'b', floor: 0.4 },
  ],
  run: () => Promise.resolve([]),
};

async function measure(a: (turn: number) => Outcome, b: (turn: number) => Outcome) {
  const turns: string[] = [];
  const subject = (name: string, outcome: (turn: number) => Outcome) => ({
    name,
    run: () => {
      turns.push(name);
      return Promise.resolve(outcome(turns.filter((turn) => turn === name).length));
    },
  });
  const measured = await interleave(quiet(), metrics, [subject('a', a), subject('b', b)]);
  return { turns, result: resultOf(scenario, measured, 1) };
}

const steady = (rate: number, p99: number) => () => ({ values: { rate, p99 } });

describe('interleave', () => {
  it('lets subjects take turns and compares medians', async () => {
    const rates = [90, 30, 60];
    const { turns, result } = await measure(
      (turn) => ({ values: { rate: rates[turn - 1] ?? 0, p99: 1 } }),
      steady(20, 2),
    );
    expect(turns.join('')).toBe('ababab');
    expect(result.measured[0]?.summaries[0]).toEqual({
      metric: 'rate',
      median: 60,
      least: 30,
      most: 90,
    });
    expect(result.reached.map(({ value, verdict }) => [value, verdict])).toEqual([
      [3, 'floor'],
      [0.5, 'missed'],
    ]);
  });

  it('repeats turns in which others used the machine, and takes the quietest', async () => {
    const foreign = [0.5, 0.3, 0.4];
    const { turns, result } = await measure(
      (turn) => ({ values: { rate: turn, p99: 1 }, foreign: foreign[turn - 1] ?? 0 }),
      steady(1, 1),
    );
    expect(turns.join('')).toBe('aaabab' + 'ab');
    expect(result.measured[0]?.rounds[0]).toMatchObject({ foreign: 0.3, repeated: 2 });
  });

  it('gives nothing for a wrong turn, however fast', async () => {
    const { result } = await measure(
      (turn) => ({ values: { rate: 1e9, p99: 0 }, wrong: turn === 2 ? '1 lost' : undefined }),
      steady(1, 1),
    );
    expect(result.measured[0]?.rounds[1]?.values).toEqual({
      rate: 0,
      p99: Number.POSITIVE_INFINITY,
    });
    expect(result.reached.map(({ verdict }) => verdict)).toEqual(['wrong', 'wrong']);
    expect(isSound(resultsOf(result))).toBe(false);
    expect(report(result)).toContain('**wrong: zero**');
  });

  it('asks what concerns a peer only where that peer took part', () => {
    const target = { what: 'x', metric: 'rate', of: 'a', against: 'c', with: 'debezium' } as const;
    const asking = { ...scenario, targets: [...scenario.targets, target] };
    const rounds = [{ values: { rate: 2, p99: 2 }, repeated: 0 }];
    const measured = ['a', 'b', 'c'].map((subject) => ({ subject, rounds }));
    const reached = (subjects: number) =>
      resultOf(asking, measured.slice(0, subjects), 1).reached.map(({ what }) => what);
    expect(reached(2)).toEqual(['rate', 'p99']);
    expect(reached(3)).toEqual(['rate', 'p99', 'x']);
  });

  it('begins no further round when its time is over, and makes one in any case', async () => {
    let turns = 0;
    const run = () => {
      turns += 1;
      return Promise.resolve({ values: { rate: 1, p99: 1 } });
    };
    const stage = { ...quiet(), sizes: { ...sizes, seconds: 0 } };
    const measured = await interleave(stage, metrics, [
      { name: 'a', run },
      { name: 'b', run },
    ]);
    expect([turns, ...measured.map(({ rounds }) => rounds.length)]).toEqual([2, 1, 1]);
  });

  it('does not begin another turn after the signal', async () => {
    const stop = new AbortController();
    const run = () => {
      stop.abort(new Error('enough'));
      return Promise.resolve({ values: {} });
    };
    const stage = { ...quiet(), signal: stop.signal };
    await expect(interleave(stage, metrics, [{ name: 'a', run }])).rejects.toThrow('enough');
  });
});

describe('the report', () => {
  it('says what was reached, and compares with an earlier run', async () => {
    const { result } = await measure(steady(100, 1), steady(10, 9));
    const before = await measure(steady(50, 1), steady(10, 9));
    const text = report(result, before.result);
    expect(text).toContain('| w0 | rate | ×10.0 | ×2 | ×5 | aim reached |');
    expect(text).toContain('| w0 | a | events/s | 50.0 | 100 | ×2.00 |');
    expect(text).not.toContain('Slower than hoped');
  });
});

describe('statistics', () => {
  it('are those of the values, in whatever order', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([3, 1, 2, 4], 0.99)).toBe(4);
    expect(quantile([3, 1, 2, 4], 0)).toBe(1);
  });
});

function resultsOf(result: ScenarioResult): BenchResults {
  const machine = {
    ...{ processor: 'x', cores: 2, memoryGib: 8, system: 'linux', node: 'v24', postgres: '18' },
    ...{ kafka: '4', commit: 'abc', loadAtStart: 0, settings: { fsync: 'on' } },
  };
  const startedAt = '2026-11-22T00:00:00Z';
  return { format: 2, runs: [{ startedAt, machine, sizes, scenarios: [result] }] };
}

function report(result: ScenarioResult, before?: ScenarioResult): string {
  return reportOf(resultsOf(result), before === undefined ? undefined : resultsOf(before), {});
}
