import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../checker/verdict.ts';
import { HistoryFile } from '../load/history-file.ts';
import { openRig, type RigOptions } from './rig.ts';
import { runSchedule, type ScheduleResult } from './run-schedule.ts';

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
  readonly against: Partial<Verdict> | undefined;
  readonly ended: readonly string[];
}

/** How many schedules one set of servers and services goes through. */
const PER_RIG = 5;
/** Seeds to this one are of the time before there were faults of disks, clocks and Redis. */
const FIRST_FAULTS_TO = 100;

/**
 * Runs so many schedules one after the other, from this seed on; tells each as it ends. A void one does
 * not count: another seed follows. Ends with the first bad one.
 */
export async function runSchedules(given: {
  readonly schedules: number;
  readonly seed: number;
  readonly lastsMs: number;
  readonly told: (row: ScheduleRow) => void;
}): Promise<readonly ScheduleRow[]> {
  const rows: ScheduleRow[] = [];
  const proofs = () => rows.filter((row) => !row.void).length;
  while (proofs() < given.schedules && rows.every(({ against }) => against === undefined)) {
    const seed = given.seed + rows.length;
    const count = Math.min(PER_RIG - ((seed - 1) % PER_RIG), given.schedules - proofs());
    for await (const row of onOneRig(seed, count, given.lastsMs)) {
      given.told(row);
      rows.push(row);
    }
  }
  return rows;
}

/** What a seed is run on; of those with all faults every other rig has the second driver. */
function rigOf(seed: number): RigOptions {
  if (seed <= FIRST_FAULTS_TO) return { driver: 'kafkajs', hasMore: false };
  const isOdd = Math.floor((seed - 1) / PER_RIG) % 2 === 1;
  return { driver: isOdd ? 'platformatic' : 'kafkajs', hasMore: true };
}

async function* onOneRig(
  seed: number,
  count: number,
  lastsMs: number,
): AsyncGenerator<ScheduleRow> {
  const rig = await openRig(rigOf(seed));
  // Also what broke the rig itself is looked for there.
  let keepsFolder = true;
  try {
    writeFileSync(join(rig.folder, 'sources.json'), JSON.stringify(rig.sources));
    const history = new HistoryFile(join(rig.folder, 'history.jsonl'));
    history.write({ kind: 'run', seed, commit: commit() });
    let before: Verdict | undefined;
    let isGood = true;
    for (let index = 0; index < count && isGood; index += 1) {
      const result = await runSchedule({ rig, history, seed: seed + index, lastsMs });
      const row = rowOf(result, rig.driver, before);
      isGood = row.against === undefined;
      before = result.verdict;
      yield row;
    }
    history.close();
    keepsFolder = !isGood;
  } finally {
    await rig.close({ keepsFolder });
  }
}

function rowOf(
  { seed, faults, verdict, ended }: ScheduleResult,
  driver: RigOptions['driver'],
  before?: Verdict,
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
