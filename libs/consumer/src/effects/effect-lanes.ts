import { LANES } from '@nova/events';
import type { Queryable } from '@nova/postgres';

/** A lane of effects that this process may drain. */
export interface EffectLane {
  readonly lane: number;
  readonly term: bigint;
}

/** How long lanes stay with a process that no longer renews them. */
export const LEASE_MS = 5000;

/**
 * Leases of a consumer's 64 effect lanes, by the rules of the relay's: judged by the database's
 * clock, a new term for each tenure, and every write names owner and term, so that a process that
 * was stopped past its lease changes nothing. One member drains; others stand by and take over.
 */
export class EffectLanes {
  readonly #database: Queryable;
  readonly #consumer: string;
  readonly #owner: string;

  constructor(database: Queryable, consumer: string, owner: string) {
    this.#database = database;
    this.#consumer = consumer;
    this.#owner = owner;
  }

  /** Makes the lanes' rows, once. */
  async prepare(): Promise<void> {
    await this.#database.query(
      `INSERT INTO consumer_effect_lanes (consumer, lane)
       SELECT $1, generate_series(0, $2::integer - 1) ON CONFLICT DO NOTHING`,
      [this.#consumer, LANES],
    );
  }

  /** Renews what is held and takes what nobody holds; resolves with all lanes held. */
  async hold(): Promise<readonly EffectLane[]> {
    return this.#database.query<EffectLane>(
      `WITH mine AS (
         SELECT lane, owner IS NOT DISTINCT FROM $2 AND lease_until > clock_timestamp() AS is_held
         FROM consumer_effect_lanes
         WHERE consumer = $1
           AND (owner = $2 OR owner IS NULL OR lease_until <= clock_timestamp())
         ORDER BY lane FOR UPDATE SKIP LOCKED
       )
       UPDATE consumer_effect_lanes AS l
       SET owner = $2, term = CASE WHEN mine.is_held THEN l.term ELSE l.term + 1 END,
           lease_until = clock_timestamp() + $3 * interval '1 millisecond'
       FROM mine WHERE l.consumer = $1 AND l.lane = mine.lane
       RETURNING l.lane, l.term`,
      [this.#consumer, this.#owner, LEASE_MS],
    );
  }

  /** Gives everything back, so that another member need not wait for the leases to end. */
  async giveBack(): Promise<void> {
    await this.#database.query(
      `UPDATE consumer_effect_lanes SET owner = NULL, lease_until = NULL
       WHERE consumer = $1 AND owner = $2`,
      [this.#consumer, this.#owner],
    );
  }
}
