import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../checker/verdict.ts';
import { HistoryFile } from '../load/history-file.ts';
import { CompiledFolder } from '../planted/run-planted.ts';
import { openRig } from './rig.ts';
import type { RigOptions } from './rig-parts.ts';
import {
  runSchedule,
  type ScheduleOptions,
  type ScheduleResult,
  type SpentMs,
} from './run-schedule.ts';
import { PER_RIG, rigOf, SEEDS_AHEAD, seedsAndLike, seedsByRig } from './seeds.ts';

/** A schedule by itself: what the verdict of its rig says more than the one before. */
export interface ScheduleRow {
  readonly seed: number;
  readonly driver: RigOptions['driver'];
  readonly faults: readonly string[];
  readonly acked: number;
  readonly errors: number;
  readonly duplicates: number;
  /** Events that consumers got again, as far as it was seen. */
  readonly redelivered: number;
  /** No client saw an error and nothing was redelivered. */
  readonly void: boolean;
  readonly recovery: Verdict['recovery'];
  /** From when that is counted: see `runBout`. Rows without it: from when all was there again. */
  readonly recoveryFrom: 'lifted';
  /** Undefined where all is well. */
  readonly against: Partial<Verdict> | { readonly broke: string } | undefined;
  readonly ended: readonly string[];
  /** Where its time went; `stack` for the first of a rig, which waited for it. */
  readonly spentMs: Partial<SpentMs> & { readonly stack: number };
}

/** What is to be run. */
export interface SchedulesOptions {
  readonly seeds: readonly number[];
  readonly lastsMs: number;
  /** After so many bad ones it ends. */
  readonly mostBad: number;
  readonly told: (row: ScheduleRow) => void;
}

/**
 * Runs the schedules of these seeds one after the other; tells each as it ends. A void one does not count:
 * another seed of its kind follows. After a bad one the next has servers and services of its own.
 */
export async function runSchedules(given: SchedulesOptions): Promise<readonly ScheduleRow[]> {
  const rows: ScheduleRow[] = [];
  const compiled = new CompiledFolder();
  try {
    for (let from = 0; from < given.seeds.length; from += SEEDS_AHEAD) {
      for (const seeds of seedsByRig(given.seeds.slice(from, from + SEEDS_AHEAD))) {
        const run = new Run(given, seeds, rows);
        while (run.goesOn) await onOneRig(run, compiled.path);
      }
    }
  } finally {
    compiled.remove();
  }
  return rows;
}

/** Seeds that are run on the same, and others like them in place of void ones. */
class Run {
  readonly lastsMs: number;
  readonly #given: SchedulesOptions;
  readonly #rows: ScheduleRow[];
  readonly #seeds: Iterator<number, undefined>;
  #wanted: number;

  constructor(given: SchedulesOptions, seeds: readonly number[], rows: ScheduleRow[]) {
    this.lastsMs = given.lastsMs;
    this.#given = given;
    this.#rows = rows;
    this.#seeds = seedsAndLike(seeds);
    this.#wanted = seeds.length;
  }

  get goesOn(): boolean {
    const bad = this.#rows.filter(({ against }) => against !== undefined).length;
    return this.#wanted > 0 && bad < this.#given.mostBad;
  }

  /** The next seed that was not run yet. */
  next(): number | undefined {
    for (;;) {
      const next = this.#seeds.next();
      if (next.done === true) {
        this.#wanted = 0;
        return undefined;
      }
      if (this.#rows.every(({ seed }) => seed !== next.value)) return next.value;
    }
  }

  add(row: ScheduleRow): void {
    this.#given.told(row);
    this.#rows.push(row);
    if (!row.void) this.#wanted -= 1;
  }
}

async function onOneRig(run: Run, compiled: string): Promise<void> {
  const first = run.next();
  if (first === undefined) return;
  const beganAt = performance.now();
  const rig = await openRig(rigOf(first), compiled);
  // Also what broke the rig itself is looked for there.
  let keepsFolder = true;
  try {
    writeFileSync(join(rig.folder, 'sources.json'), JSON.stringify(rig.sources));
    const history = new HistoryFile(join(rig.folder, 'history.jsonl'));
    let stack = Math.round(performance.now() - beganAt);
    let before: Verdict | undefined;
    let isGood = true;
    let seed: number | undefined = first;
    for (let count = 1; seed !== undefined; count += 1) {
      history.write({ kind: 'run', seed, commit: commit() });
      const options = { rig, history, seed, lastsMs: run.lastsMs };
      const { row, verdict } = await runOne(options, stack, before);
      run.add(row);
      stack = 0;
      before = verdict;
      isGood = row.against === undefined;
      seed = isGood && run.goesOn && count < PER_RIG ? run.next() : undefined;
    }
    history.close();
    keepsFolder = !isGood;
  } finally {
    await rig.close({ keepsFolder });
  }
}

/** What broke a schedule, for example a service that never came back, is told as everything else. */
async function runOne(
  options: ScheduleOptions,
  stack: number,
  before: Verdict | undefined,
): Promise<{ readonly row: ScheduleRow; readonly verdict?: Verdict }> {
  const { seed, rig } = options;
  try {
    await rig.ready();
    const result = await runSchedule(options);
    return { row: rowOf(result, rig.driver, stack, before), verdict: result.verdict };
  } catch (thrown) {
    const broke = `${String(thrown)}, see ${rig.folder}`;
    const nothing = { faults: [], acked: 0, errors: 0, recovery: [], ended: [] };
    const recoveryFrom = 'lifted';
    const again = { duplicates: 0, redelivered: 0, void: false };
    const { driver } = rig;
    const found = { against: { broke }, spentMs: { stack } };
    return { row: { seed, driver, ...nothing, ...again, recoveryFrom, ...found } };
  }
}

function rowOf(
  { seed, faults, verdict, ended, spent }: ScheduleResult,
  driver: RigOptions['driver'],
  stack: number,
  before: Verdict | undefined,
): ScheduleRow {
  const errors = verdict.clientErrors - (before?.clientErrors ?? 0);
  const duplicates = verdict.duplicates - (before?.duplicates ?? 0);
  const redelivered = verdict.redelivered - (before?.redelivered ?? 0);
  const isGood = verdict.ok && verdict.parked === 0 && ended.length === 0;
  return {
    seed,
    driver,
    faults,
    acked: verdict.acked - (before?.acked ?? 0),
    errors,
    duplicates,
    redelivered,
    void: errors + duplicates + redelivered === 0,
    recovery: verdict.recovery.slice(before?.recovery.length ?? 0),
    recoveryFrom: 'lifted',
    against: isGood ? undefined : verdict,
    ended,
    spentMs: { stack, ...spent },
  };
}

function commit(): string {
  try {
    const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim();
  } catch {
    // Not from a checkout.
    return '';
  }
}
