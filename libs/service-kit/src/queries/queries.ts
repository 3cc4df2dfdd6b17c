import type { Queryable } from '@nova/postgres';
import type { Call } from '@nova/rpc';

/** Answers queries from the generation that serves. */
export interface Queries {
  /**
   * Waits until the views show what the token names (an empty one names nothing), at most 5 s and
   * until 100 ms before the call's deadline; then runs `work` in one snapshot, read-only, in which
   * unqualified names are the tables of the views.
   *
   * @throws VIEW_BEHIND when they do not show it in time, VIEW_BLOCKED when a named aggregate is
   * parked, TOKEN_LOST when the log has lost what the token names, REQUEST_INVALID when it is none,
   * CONSUMER_NOT_OPEN, and what the database throws
   */
  run<T>(
    call: Call,
    minConsistencyToken: string,
    work: (views: Queryable) => Promise<T>,
  ): Promise<T>;
}
