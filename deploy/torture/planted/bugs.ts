import type { Bug, Patch } from './bug.ts';
import { bugsOfConsumers } from './bugs-of-consumers.ts';
import { bugsOfLog } from './bugs-of-log.ts';

/** The 12 of reliability.md §2.5 and the four of issue 5. */
export const bugs: readonly Bug[] = [...bugsOfLog, ...bugsOfConsumers];

/** @throws when there is no such bug */
export function bugNamed(name: string): Bug {
  const bug = bugs.find((one) => one.name === name);
  if (bug === undefined) throw new Error(`there is no planted bug ${name}`);
  return bug;
}

/** @throws when the text has changed so that the bug cannot be planted as it was */
export function plant(text: string, { file, find, replace, everywhere }: Patch): string {
  const parts = text.split(find);
  const isFound = everywhere ? parts.length > 1 : parts.length === 2;
  if (!isFound) throw new Error(`${file} has ${parts.length - 1} of «${find}»: plant it anew`);
  return parts.join(replace);
}
