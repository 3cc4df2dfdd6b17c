import { bugsOfConsumers } from './bugs-of-consumers.ts';
import { bugsOfLog } from './bugs-of-log.ts';

/** A change of one source file. */
export interface Patch {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file, or with `everywhere` at least once. */
  readonly find: string;
  readonly replace: string;
  readonly everywhere?: true;
}

/** A field of the verdict that can say no. */
export type Finding =
  | 'lost'
  | 'invented'
  | 'appliedTwice'
  | 'inversions'
  | 'viewMismatches'
  | 'conditionsBroken';

/** A bug that is planted to see it caught. */
export interface Bug {
  readonly name: string;
  /** What nova would do wrong with it. */
  readonly meaning: string;
  readonly patches: readonly Patch[];
  /** The scenario in which it bites. */
  readonly scenario: string;
  /** Where the verdict shows it. */
  readonly caughtAs: Finding;
}

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
