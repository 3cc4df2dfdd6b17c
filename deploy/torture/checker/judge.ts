import type { History } from './history.ts';
import { judgeLog } from './judge-log.ts';
import { judgeTopics } from './judge-topics.ts';
import { judgeViews } from './judge-views.ts';
import type { Observation } from './observation.ts';
import { Finder, type Verdict } from './verdict.ts';

/** What a history and what was found come to. Pure. */
export function judge(history: History, seen: Observation): Verdict {
  const find = {
    lost: new Finder(),
    invented: new Finder(),
    appliedTwice: new Finder(),
    inversions: new Finder(),
    viewMismatches: new Finder(),
    conditionsBroken: new Finder(),
  };
  const counts = judgeLog(history, seen.log, find);
  const { duplicates } = judgeTopics(seen, find);
  judgeViews(seen, find);
  const parkedInViews = new Set(
    seen.views.flatMap(({ view, parked }) => [...parked.keys()].map((id) => `${view} ${id}`)),
  );
  const clientErrors = history.of('failed').length;
  const redelivered = history.of('redelivered').reduce((sum, { events }) => sum + events, 0);
  const recovery = history.of('recovered').map(({ fault, target, ms }) => ({ fault, target, ms }));
  const healed = history.of('healed').map(({ fault, target }) => `${fault} ${target}`);
  const notRecovered = missing(
    healed,
    recovery.map(({ fault, target }) => `${fault} ${target}`),
  );
  const findings = Object.entries(find).map(([name, finder]) => [name, finder.found] as const);
  const runs = history.of('run');
  return {
    ok: findings.every(([, { count }]) => count === 0) && notRecovered.length === 0,
    void: clientErrors + duplicates + redelivered === 0,
    seed: runs.at(-1)?.seed,
    seeds: runs.map(({ seed }) => seed),
    commit: runs.at(-1)?.commit,
    ...counts,
    lost: find.lost.found,
    invented: find.invented.found,
    appliedTwice: find.appliedTwice.found,
    inversions: find.inversions.found,
    viewMismatches: find.viewMismatches.found,
    conditionsBroken: find.conditionsBroken.found,
    parked: parkedInViews.size + seen.parkedInRelay,
    duplicates,
    redelivered,
    clientErrors,
    recovery,
    notRecovered,
    memory: mostMemory(history),
  };
}

/** What is in `wanted` more often than in `found`. */
function missing(wanted: readonly string[], found: readonly string[]): string[] {
  const left = [...found];
  return wanted.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function mostMemory(history: History): Record<string, number> {
  const most: Record<string, number> = {};
  for (const { target, bytes } of history.of('memory')) {
    most[target] = Math.max(most[target] ?? 0, bytes);
  }
  return most;
}
