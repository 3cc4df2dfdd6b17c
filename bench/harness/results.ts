import type { Machine } from './machine.ts';
import { MOST_FOREIGN } from './rounds.ts';
import type { Measured, Metric, Scenario, Target } from './scenario.ts';
import type { Sizes } from './stage.ts';
import { median, spread } from './statistics.ts';

/** What became of a target. */
export interface Reached extends Target {
  /** The ratio, or without a peer the value; undefined where it could not be measured. */
  readonly value: number | undefined;
  readonly verdict: 'aim' | 'floor' | 'missed' | 'wrong' | 'unknown';
}

/** All of a metric of a subject. */
export interface Summary {
  readonly metric: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** All of a scenario. */
export interface ScenarioResult {
  readonly name: string;
  readonly question: string;
  readonly notes: readonly string[];
  readonly metrics: readonly Metric[];
  readonly seconds: number;
  /** Why there are no figures: it could not be carried out. */
  readonly failed?: string;
  readonly measured: readonly (Measured & { readonly summaries: readonly Summary[] })[];
  readonly reached: readonly Reached[];
}

/** All of a run. */
export interface BenchRun {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly sizes: Sizes;
  readonly scenarios: readonly ScenarioResult[];
}

/** What `--json` writes, and `--compare` and `--merge` read: one run, or several put together. */
export interface BenchResults {
  readonly format: 2;
  readonly runs: readonly BenchRun[];
}

/** Medians, spreads and what became of the targets. */
export function resultOf(
  scenario: Scenario,
  measured: readonly Measured[],
  seconds: number,
): ScenarioResult {
  const { name, question, notes, metrics, targets } = scenario;
  const all = measured.map((one) => ({ ...one, summaries: summariesOf(one, metrics) }));
  return {
    name,
    question,
    notes,
    metrics,
    seconds,
    measured: all,
    reached: targets
      .filter((target) => isAsked(target, measured))
      .map((target) => judge(target, measured, metrics)),
  };
}

/** A scenario that ended with an error. */
export function failureOf(scenario: Scenario, reason: string, seconds: number): ScenarioResult {
  const { name, question, notes, metrics } = scenario;
  return { name, question, notes, metrics, seconds, failed: reason, measured: [], reached: [] };
}

/** Whether every round of everything was right. A slow run is no failure. */
export function isSound({ runs }: Pick<BenchResults, 'runs'>): boolean {
  const scenarios = runs.flatMap((run) => run.scenarios);
  return scenarios.every(
    ({ failed, measured }) =>
      failed === undefined &&
      measured.every(({ rounds }) => rounds.every(({ wrong }) => wrong === undefined)),
  );
}

/** Rounds that count although others used more than 15 % of the machine. */
export function loadedRounds({ measured }: ScenarioResult): number {
  return measured
    .flatMap(({ rounds }) => rounds)
    .filter(({ foreign }) => (foreign ?? 0) > MOST_FOREIGN).length;
}

function summariesOf({ rounds }: Measured, metrics: readonly Metric[]): readonly Summary[] {
  return metrics.flatMap(({ key }) => {
    const values = valuesOf(rounds, key);
    if (values.length === 0) return [];
    const [least, most] = spread(values);
    return [{ metric: key, median: median(values), least, most }];
  });
}

function valuesOf(rounds: Measured['rounds'], key: string): readonly number[] {
  return rounds.map(({ values }) => values[key]).filter((value) => value !== undefined);
}

function isAsked(target: Target, measured: readonly Measured[]): boolean {
  return target.with === undefined || measured.some(({ subject }) => subject === target.against);
}

function judge(target: Target, measured: readonly Measured[], metrics: readonly Metric[]): Reached {
  const roundsOf = (name: string | undefined) =>
    measured.find(({ subject }) => subject === name)?.rounds ?? [];
  const of = roundsOf(target.of);
  const peer = roundsOf(target.against);
  if ([...of, ...peer].some(({ wrong }) => wrong !== undefined)) {
    return { ...target, value: undefined, verdict: 'wrong' };
  }
  const own = median(valuesOf(of, target.metric));
  const value = target.against === undefined ? own : own / median(valuesOf(peer, target.metric));
  if (!Number.isFinite(value)) return { ...target, value: undefined, verdict: 'unknown' };
  const better = metrics.find(({ key }) => key === target.metric)?.better ?? 'higher';
  const reaches = (limit: number | undefined) =>
    limit !== undefined && (better === 'higher' ? value >= limit : value <= limit);
  const verdict = reaches(target.aim) ? 'aim' : reaches(target.floor) ? 'floor' : 'missed';
  return { ...target, value, verdict };
}
