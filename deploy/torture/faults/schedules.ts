import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../checker/verdict.ts';
import { HistoryFile } from '../load/history-file.ts';
import { CompiledFolder } from '../planted/run-planted.ts';
import { openRig, type RigOptions } from './rig.ts';
import {
  runSchedule,
  type ScheduleOptions,
  type ScheduleResult,
  type SpentMs,
} from './run-schedule.ts';
import { rigOf, SEEDS_AHEAD, seedsByRig, seedsOfOneRig } from './seeds.ts';

/** A schedule by itself: what the verdict of its rig says more than the one before. */
export interface ScheduleRow {
  readonly seed: number;
  readonly driver: RigOptions['driver'];
  readonly faults: readonly string[];
  readonly acked: number;
  readonly errors: number;
  readonly duplicates: number;
  /** No client saw an error and nothing was redelivered. */
  readonly void: boolean;
  readonly recovery: Verdict['recovery'];
  /** Undefined where all is well. */
  readonly against: Partial<Verdict> | { readonly broke: string } | undefined;
  readonly ended: readonly string[];
  /** Where its time went; `stack` for the first of a rig, which waited for it. */
  readonly spentMs: Partial<SpentMs> & { readonly stack: number };
}

/** What is to be run. */
export interface SchedulesOptions {
  readonly schedules: number;
  readonly seed: number;
  readonly lastsMs: number;
  /** After so many bad ones it ends. */
  readonly mostBad: number;
  readonly told: (row: ScheduleRow) => void;
}

/**
 * Runs so many schedules one after the other, from this seed on; tells each as it ends. A void one does
 * not count: another seed follows. After a bad one the next has servers and services of its own.
 */
export async function runSchedules(given: SchedulesOptions): Promise<readonly ScheduleRow[]> {
  const rows: ScheduleRow[] = [];
  const missing = () => given.schedules - rows.filter((row) => !row.void).length;
  const isBad = () => rows.filter((row) => row.against !== undefined).length >= given.mostBad;
  const compiled = new CompiledFolder();
  try {
    let next = given.seed;
    let seeds: readonly number[] = [];
    while (missing() > 0 && !isBad()) {
      if (seeds.length === 0) {
        seeds = seedsByRig(next, Math.min(missing(), SEEDS_AHEAD));
        next += seeds.length;
      }
      const ofOneRig = seedsOfOneRig(seeds);
      const before = rows.length;
      for await (const row of onOneRig(ofOneRig, given.lastsMs, compiled.path)) {
        given.told(row);
        rows.push(row);
      }
      seeds = seeds.slice(rows.length - before);
    }
  } finally {
    compiled.remove();
  }
  return rows;
}

async function* onOneRig(
  seeds: readonly number[],
  lastsMs: number,
  compiled: string,
): AsyncGenerator<ScheduleRow> {
  const beganAt = performance.now();
  const rig = await openRig(rigOf(seeds[0] ?? 0), compiled);
  // Also what broke the rig itself is looked for there.
  let keepsFolder = true;
  try {
    writeFileSync(join(rig.folder, 'sources.json'), JSON.stringify(rig.sources));
    const history = new HistoryFile(join(rig.folder, 'history.jsonl'));
    history.write({ kind: 'run', seed: seeds[0] ?? 0, commit: commit() });
    let stack = Math.round(performance.now() - beganAt);
    let before: Verdict | undefined;
    let isGood = true;
    for (const seed of seeds) {
      const { row, verdict } = await runOne({ rig, history, seed, lastsMs }, stack, before);
      stack = 0;
      before = verdict;
      isGood = row.against === undefined;
      yield row;
      if (!isGood) break;
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
    const nothing = { faults: [], acked: 0, errors: 0, duplicates: 0, recovery: [], ended: [] };
    const { driver } = rig;
    return {
      row: { seed, driver, ...nothing, void: false, against: { broke }, spentMs: { stack } },
    };
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
  const isGood = verdict.ok && verdict.parked === 0 && ended.length === 0;
  return {
    seed,
    driver,
    faults,
    acked: verdict.acked - (before?.acked ?? 0),
    errors,
    duplicates,
    void: errors === 0 && duplicates === 0,
    recovery: verdict.recovery.slice(before?.recovery.length ?? 0),
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
