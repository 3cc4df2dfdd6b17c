/** How often something was found, and the first cases of it. */
export interface Findings {
  readonly count: number;
  readonly examples: readonly string[];
}

/** What the checker came to. */
export interface Verdict {
  /** Nothing was found that must not be. */
  readonly ok: boolean;
  /** No client saw an error and nothing was redelivered: the run proves nothing. */
  readonly void: boolean;
  /** Of the schedule that ended last. */
  readonly seed: number | undefined;
  /** Of all schedules that the history has, and this is said of. */
  readonly seeds: readonly number[];
  readonly commit: string | undefined;
  /** Events whose storing was acknowledged. */
  readonly acked: number;
  /** Events in the log. */
  readonly stored: number;
  /** Events of requests without a final answer: stored nevertheless, or not. */
  readonly unknown: { readonly stored: number; readonly absent: number };
  readonly refused: number;
  /** Acknowledged and not in the log; or in the log and not in its topic. */
  readonly lost: Findings;
  /** In the log, a topic or an answer, but not so asked for, or not so stored. */
  readonly invented: Findings;
  /** An event that is stored, counted or told twice. */
  readonly appliedTwice: Findings;
  /** First occurrences out of the order of their aggregate. */
  readonly inversions: Findings;
  /** Rows of views that are not what the log says. */
  readonly viewMismatches: Findings;
  /** Events stored although the condition they were asked on did not hold. */
  readonly conditionsBroken: Findings;
  /** Parked aggregates, of the relay and of consumers; in no list of faults is one that parks. */
  readonly parked: number;
  /** Records that a topic holds again: allowed. */
  readonly duplicates: number;
  /** Events that consumers say they got again: allowed. */
  readonly redelivered: number;
  /** Attempts that ended without an answer. */
  readonly clientErrors: number;
  readonly recovery: readonly {
    readonly fault: string;
    readonly target: string;
    readonly ms: number;
  }[];
  /** Faults that were healed and after which nothing was seen to work again. */
  readonly notRecovered: readonly string[];
  /** Most bytes by process. */
  readonly memory: Readonly<Record<string, number>>;
}

const MOST_EXAMPLES = 20;

/** Collects findings. */
export class Finder {
  #count = 0;
  readonly #examples: string[] = [];

  add(example: string): void {
    this.#count += 1;
    if (this.#examples.length < MOST_EXAMPLES) this.#examples.push(example);
  }

  get found(): Findings {
    return { count: this.#count, examples: this.#examples };
  }
}
