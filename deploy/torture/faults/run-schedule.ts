import { join } from 'node:path';
import { sleep } from '@nova/time';
import type { Verdict } from '../checker/verdict.ts';
import type { HistoryFile } from '../load/history-file.ts';
import { Load } from '../load/publishers.ts';
import { judged } from '../planted/run-planted.ts';
import { inflict } from './inflict.ts';
import type { Rig } from './rig.ts';
import { type Bout, boutsOf, nameOf } from './schedule.ts';
import { seededRandom } from './seeded-random.ts';
import { untilShown } from './until-shown.ts';

/** What a schedule is made of. */
export interface ScheduleOptions {
  readonly rig: Rig;
  readonly history: HistoryFile;
  readonly seed: number;
  /** After it no bout begins. */
  readonly lastsMs: number;
}

/** A schedule and what came of it. */
export interface ScheduleResult {
  readonly seed: number;
  readonly faults: readonly string[];
  /** Of everything that the rig has seen so far. */
  readonly verdict: Verdict;
  /** Processes that ended by themselves. */
  readonly ended: readonly string[];
}

const PUBLISHERS = 6;
const PAUSE_MS = 25;
const SAMPLE_EVERY_MS = 2000;
/** Views that nobody disturbs any more are like the log after this time, or never. */
const CONVERGED_WITHIN_MS = 60_000;
const QUIET_WITHIN_MS = 15_000;

/** Publishes while faults happen, waits until all is over, and has the checker judge. */
export async function runSchedule(options: ScheduleOptions): Promise<ScheduleResult> {
  const { rig, history, seed, lastsMs } = options;
  const random = seededRandom(seed);
  const loadRandom = seededRandom(seed + 1);
  const { address } = rig;
  const loadOptions = { address, history, random: loadRandom, pauseMs: PAUSE_MS };
  const load = new Load({ ...loadOptions, publishers: PUBLISHERS });
  const targets = {
    processes: [...rig.processes.keys()],
    servers: [...rig.servers.keys()],
    links: [...rig.links.keys()],
    disks: [...rig.disks.keys()],
    clocks: rig.clocks === undefined ? [] : [...rig.processes.keys(), 'postgres'],
  };
  const sampling = new AbortController();
  const sampled = sample(rig, history, sampling.signal);
  const faults: string[] = [];
  const endsAt = performance.now() + lastsMs;
  load.start();
  await sleep(500);
  for (const bout of boutsOf(random, targets)) {
    if (performance.now() > endsAt) break;
    faults.push(bout.map((fault) => `${nameOf(fault)} ${fault.target}`).join(' + '));
    await runBout(rig, history, load, bout);
  }
  await load.stop();
  const ended = [...rig.processes.values()].filter(({ isGone }) => isGone);
  const verdict = await converge(rig, history);
  sampling.abort();
  await sampled;
  return { seed, faults, verdict, ended: ended.map(({ name }) => name) };
}

/** Faults begin and end in their own time; then nova must work again. */
async function runBout(rig: Rig, history: HistoryFile, load: Load, bout: Bout): Promise<void> {
  await Promise.all(
    bout.map(async (fault) => {
      await sleep(fault.afterMs);
      const names = { fault: nameOf(fault), target: fault.target };
      history.write({ kind: 'fault', ...names });
      const heal = await inflict(rig, fault);
      await sleep(fault.lastsMs);
      // What a process needs may be away still: it comes when it can.
      await heal();
      history.write({ kind: 'healed', ...names });
    }),
  );
  const healedAt = performance.now();
  const isShown = await untilShown(rig, load);
  if (!isShown) return;
  const ms = Math.round(performance.now() - healedAt);
  for (const fault of bout) {
    history.write({ kind: 'recovered', fault: nameOf(fault), target: fault.target, ms });
  }
}

async function sample(rig: Rig, history: HistoryFile, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    for (const [target, process] of rig.processes) {
      const bytes = process.memory();
      if (bytes !== undefined) history.write({ kind: 'memory', target, bytes });
    }
    await sleep(SAMPLE_EVERY_MS, stop);
  }
}

/** Judges again while views are behind. */
async function converge(rig: Rig, history: HistoryFile): Promise<Verdict> {
  const endsAt = performance.now() + CONVERGED_WITHIN_MS;
  for (;;) {
    await untilQuiet(rig);
    const verdict = await judged(history.path, join(rig.folder, 'sources.json'));
    // Both may mean that something is under way.
    const mayMend = verdict.lost.count + verdict.viewMismatches.count > 0;
    if (verdict.ok || !mayMend || performance.now() > endsAt) return verdict;
  }
}

/** Waits until nothing is to be published, and no effect to be appended; at most some seconds. */
async function untilQuiet(rig: Rig): Promise<void> {
  const endsAt = performance.now() + QUIET_WITHIN_MS;
  let calm = 0;
  while (calm < 3 && performance.now() < endsAt) {
    await sleep(300);
    const [log] = await rig
      .database('log')
      .query<{ behind: boolean }>(
        `SELECT (SELECT min(position) FROM outbox_lanes) < last_position AS behind FROM outbox_log`,
      );
    const effects = await rig
      .database('notification')
      .query('SELECT 1 FROM consumer_effects LIMIT 1');
    calm = log?.behind === false && effects.length === 0 ? calm + 1 : 0;
  }
}
