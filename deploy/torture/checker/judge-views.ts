import { type Folded, foldView } from './fold.ts';
import type { Observation, SeenView } from './observation.ts';
import type { Finder } from './verdict.ts';

/** What is looked for in views. */
export interface ViewFinders {
  readonly appliedTwice: Finder;
  readonly viewMismatches: Finder;
}

/** Compares each view with a fold of the log of the checker's own. */
export function judgeViews({ log, views }: Observation, find: ViewFinders): void {
  for (const seen of views) {
    const folded = foldView(seen.view, log, seen.parked);
    for (const [aggregate, version] of folded.stuck) {
      // Nobody can apply it: it must wait, parked, and hold back what follows.
      find.viewMismatches.add(`${seen.view}: ${aggregate} is not parked at ${version}`);
    }
    if (seen.view === 'activity') judgeCounts(seen, folded, find);
    else judgeRows(seen, folded, find);
  }
}

function judgeCounts({ rows }: SeenView, folded: Folded, find: ViewFinders): void {
  const wanted = new Map(folded.rows.map((row) => [row[0], row]));
  for (const [id = '', messages, members, at] of rows) {
    const [, expectedMessages, expectedMembers, expectedAt] = wanted.get(id) ?? [];
    wanted.delete(id);
    const text = `activity: ${id} has ${messages}/${members} at ${at}, not ${expectedMessages}/${expectedMembers} at ${expectedAt}`;
    const extra =
      Number(messages) - Number(expectedMessages ?? 0) > 0 ||
      Number(members) - Number(expectedMembers ?? 0) > 0;
    if (extra) find.appliedTwice.add(text);
    else if (messages !== expectedMessages || members !== expectedMembers || at !== expectedAt) {
      find.viewMismatches.add(text);
    }
  }
  for (const id of wanted.keys()) find.viewMismatches.add(`activity: ${id} is missing`);
}

function judgeRows({ view, rows }: SeenView, folded: Folded, find: ViewFinders): void {
  const wanted = new Map<string, number>();
  for (const row of folded.rows) {
    const text = row.join('|');
    wanted.set(text, (wanted.get(text) ?? 0) + 1);
  }
  for (const row of rows) {
    const text = row.join('|');
    const left = wanted.get(text);
    if (left === undefined) find.viewMismatches.add(`${view}: ${text} is not in the log`);
    else if (left === 0) find.appliedTwice.add(`${view}: ${text} is there again`);
    else wanted.set(text, left - 1);
  }
  for (const [text, left] of wanted) {
    if (left > 0) find.viewMismatches.add(`${view}: ${text} is missing`);
  }
}
