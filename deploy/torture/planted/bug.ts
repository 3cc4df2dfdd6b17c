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
