/** Whose marks are meant: one consumer's do not hide an event from another. */
export interface FastMarkScope {
  /** "<service>.<consumer>". */
  readonly consumer: string;
  readonly generation: number;
}

/**
 * A quick memory of events that were applied, outside the database. It may forget, be away, and be
 * wrong: it is asked for a suspicion only.
 */
export interface FastMarks {
  /** Which of the events may have been applied. Never rejects, and answers in bounded time. */
  find(scope: FastMarkScope, eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Notes events as applied. Nobody waits for it, and it may be lost. */
  note(scope: FastMarkScope, eventIds: readonly string[]): void;
}
