import { SCENARIO_NAMES } from '../names.ts';
import type { BenchResults, BenchRun } from './results.ts';

/** Of the machine, what may differ between runs of one report. */
const MAY_DIFFER = new Set(['loadAtStart']);

/**
 * Puts runs together that could have been one: of the same day, machine, versions, settings and commit.
 * Of a scenario that was run several times the last one counts.
 *
 * @throws TypeError that says in what they differ.
 */
export function mergeResults(all: readonly BenchResults[]): BenchResults {
  const runs = all
    .flatMap((results) => results.runs)
    .toSorted((one, other) => one.startedAt.localeCompare(other.startedAt));
  const [first, ...others] = runs;
  if (first === undefined) return { format: 2, runs: [] };
  for (const other of others) mustBeAlike(first, other);
  const lastRun = new Map(
    runs.flatMap((run) => run.scenarios.map(({ name }) => [name, run] as const)),
  );
  const kept = runs.flatMap((run) =>
    run.scenarios
      .filter(({ name }) => lastRun.get(name) === run)
      .map((scenario) => ({ ...run, scenarios: [scenario] })),
  );
  const order = Object.keys(SCENARIO_NAMES);
  const place = ({ scenarios }: BenchRun) => order.indexOf(scenarios[0]?.name ?? '');
  return {
    format: 2,
    runs: kept.toSorted((one, other) => place(one) - place(other)),
  };
}

/**
 * What `--json` wrote.
 *
 * @throws TypeError when it is not of this version of the benchmarks.
 */
export function parseResults(file: string, text: string): BenchResults {
  const found: unknown = JSON.parse(text);
  if (Reflect.get(Object(found), 'format') !== 2) {
    throw new TypeError(`${file} is of another version of the benchmarks`);
  }
  // What this version wrote.
  return found as BenchResults;
}

function mustBeAlike(one: BenchRun, other: BenchRun): void {
  const differing = [...factsOf(one)].filter(([name, value]) => factsOf(other).get(name) !== value);
  if (differing.length === 0) return;
  const names = differing.map(([name]) => name).join(', ');
  throw new TypeError(`the runs of ${one.startedAt} and ${other.startedAt} differ: ${names}`);
}

function factsOf({ startedAt, machine }: BenchRun): ReadonlyMap<string, string> {
  const facts = Object.entries(machine).filter(([name]) => !MAY_DIFFER.has(name));
  const all: readonly (readonly [string, unknown])[] = [...facts, ['day', startedAt.slice(0, 10)]];
  return new Map(all.map(([name, value]) => [name, JSON.stringify(value)]));
}
