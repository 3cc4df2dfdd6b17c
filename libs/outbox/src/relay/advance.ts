import { backoffMs, sleep } from '@nova/time';
import type { RelayContext } from './context.ts';

const PAUSE = { initialMs: 100, factor: 2, maxMs: 1000, jitter: 0.2 };
/** After a write, so many times as long as it took, so that writing takes a twentieth of the time. */
const REST_FACTOR = 20;
/** A write that hung says nothing of the next one. */
const LONGEST_REST_MS = 1000;

/**
 * Writes the cursors that have moved, all in one statement, at most every `advanceIntervalMs`, and
 * less often where that takes long, as beside a snapshot that somebody has held for minutes. A lane
 * that the statement does not find in this relay's name and term is lost: somebody else has it, or its
 * lease has ended, and nothing this relay does moves it any more.
 */
export class Advance {
  readonly #context: RelayContext;
  #writing: Promise<void> = Promise.resolve();

  constructor(context: RelayContext) {
    this.#context = context;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { moved, settings, meters, clock } = this.#context;
    let failures = 0;
    let tookMs = 0;
    while (!stop.aborted) {
      await moved.wait(60_000, stop);
      const restMs = Math.min(REST_FACTOR * tookMs, LONGEST_REST_MS);
      await sleep(Math.max(settings.advanceIntervalMs, restMs), stop);
      const startedAtMs = clock.monotonicMs();
      try {
        await this.flush();
        tookMs = clock.monotonicMs() - startedAtMs;
        failures = 0;
      } catch (thrown) {
        meters.failed(thrown);
        failures += 1;
        moved.notify();
        await sleep(backoffMs(PAUSE, failures), stop);
      }
    }
  }

  /** Writes now, after any write that is in work. */
  flush(): Promise<void> {
    return this.exclusively(() => this.#write());
  }

  /**
   * Runs a write to lanes when no other is in work: two statements of one relay that touch the
   * same rows in different orders would block each other.
   */
  exclusively<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(write);
    this.#writing = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  async #write(): Promise<void> {
    const { table, store, logger, log } = this.#context;
    const moves = table
      .owned()
      .filter(({ cursor, storedCursor }) => cursor > storedCursor)
      .map((owned) => ({ owned, lane: owned.lane, term: owned.term, position: owned.cursor }));
    if (moves.length === 0) return;
    const { forgotten } = table;
    const held = await store.advance(
      moves.map(({ lane, term, position }) => ({ lane, term, position })),
      log.epoch(),
    );
    const lost = moves.filter(({ lane }) => !held.has(lane));
    if (table.forgotten === forgotten) {
      for (const { owned, position } of moves) owned.storedCursor = position;
    }
    for (const { owned } of lost) table.drop(owned);
    if (lost.length > 0) logger.warn({ lanes: lost.length }, 'lanes lost, their lease had ended');
  }
}
