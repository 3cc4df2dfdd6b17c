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
import { untilSettled } from './until-settled.ts';
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
  readonly spent: SpentMs;
}

/** Where the time of a schedule went, in ms. */
export interface SpentMs {
  /** Until nothing of a bout was broken on purpose any more. */
  broken: number;
  /** From there until all was ready and a message was shown everywhere. */
  recovering: number;
  /** Until nothing was under way any more. */
  settling: number;
  judging: number;
}

const PUBLISHERS = 6;
/** All of them publish 200 events a second at most. */
const PAUSE_MS = 30;
/** Requests without an answer so long after the end stay unknown. */
const ANSWERED_WITHIN_MS = 60_000;
const SAMPLE_EVERY_MS = 2000;
/** Views that nobody disturbs any more are like the log after this time, or never. */
const CONVERGED_WITHIN_MS = 60_000;

/** Publishes while faults happen, waits until all is over, and has the checker judge. */
export async function runSchedule(options: ScheduleOptions): Promise<ScheduleResult> {
  const { rig, history, seed, lastsMs } = options;
  const random = seededRandom(seed);
  const load = new Load({
    address: rig.address,
    history,
    random: seededRandom(seed + 1),
    publishers: PUBLISHERS,
    pauseMs: PAUSE_MS,
    registers: rig.registers,
  });
  const running = {
    ...options,
    load,
    spent: { broken: 0, recovering: 0, settling: 0, judging: 0 },
  };
  const sampling = new AbortController();
  const sampled = sample(rig, history, sampling.signal);
  const faults: string[] = [];
  const endsAt = performance.now() + lastsMs;
  try {
    load.start();
    await sleep(500);
    for (const bout of boutsOf(random, rig.targets)) {
      if (performance.now() > endsAt) break;
      faults.push(bout.map((fault) => `${nameOf(fault)} ${fault.target}`).join(' + '));
      // Nothing more is to be learnt of a nova that stays broken.
      if (!(await runBout(running, bout))) break;
    }
  } finally {
    await load.stop(ANSWERED_WITHIN_MS);
    sampling.abort();
    await sampled;
  }
  const ended = [...rig.processes.values()].filter(({ isGone }) => isGone);
  const verdict = await converge(running);
  return { seed, faults, verdict, ended: ended.map(({ name }) => name), spent: running.spent };
}

/** A schedule under way. */
interface Running extends ScheduleOptions {
  readonly load: Load;
  readonly spent: SpentMs;
}

/**
 * Faults begin and end in their own time; then nova must work again: whether it does. The time to that is
 * counted from when the last fault is lifted: the link is whole, the stopped goes on, the killed is started.
 */
async function runBout(running: Running, bout: Bout): Promise<boolean> {
  const { rig, history, load, spent } = running;
  const beganAt = performance.now();
  const lifted = await Promise.all(bout.map((fault) => breakAndHeal(rig, history, fault)));
  const liftedAt = Math.max(...lifted);
  spent.broken += Math.round(liftedAt - beganAt);
  const isShown = await untilShown(rig, load);
  const ms = Math.round(performance.now() - liftedAt);
  spent.recovering += ms;
  if (!isShown) return false;
  for (const fault of bout) {
    history.write({ kind: 'recovered', fault: nameOf(fault), target: fault.target, ms });
  }
  return true;
}

/** Resolves when its target is there again, with when it was lifted: on the clock of `performance`. */
async function breakAndHeal(rig: Rig, history: HistoryFile, fault: Bout[number]): Promise<number> {
  await sleep(fault.afterMs);
  const names = { fault: nameOf(fault), target: fault.target };
  history.write({ kind: 'fault', ...names });
  const heal = await inflict(rig, fault);
  await sleep(fault.lastsMs);
  const liftedAt = performance.now();
  history.write({ kind: 'healed', ...names });
  // What a process needs may be away still: it comes when it can.
  await heal();
  return liftedAt;
}

async function sample(rig: Rig, history: HistoryFile, stop: AbortSignal): Promise<void> {
  for (;;) {
    // Once more after the end: what came again until then.
    const isLast = stop.aborted;
    await Promise.all(
      [...rig.processes].map(async ([target, process]) => {
        const bytes = process.memory();
        if (bytes !== undefined) history.write({ kind: 'memory', target, bytes });
        const events = await process.redelivered();
        if (events > 0) history.write({ kind: 'redelivered', target, events });
      }),
    );
    if (isLast) return;
    await sleep(SAMPLE_EVERY_MS, stop);
  }
}

/** Judges again while views are behind. */
async function converge({ rig, history, spent }: Running): Promise<Verdict> {
  const endsAt = performance.now() + CONVERGED_WITHIN_MS;
  for (;;) {
    const quietFrom = performance.now();
    await untilSettled(rig);
    const judgedFrom = performance.now();
    const verdict = await judged(history.path, join(rig.folder, 'sources.json'));
    spent.settling += Math.round(judgedFrom - quietFrom);
    spent.judging += Math.round(performance.now() - judgedFrom);
    // Both may mean that something is under way.
    const mayMend = verdict.lost.count + verdict.viewMismatches.count > 0;
    if (verdict.ok || !mayMend || performance.now() > endsAt) return verdict;
  }
}
