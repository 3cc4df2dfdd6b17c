import type { Queryable } from '@nova/postgres';
import { stopwatch } from '@nova/testkit';
import { sleep } from '@nova/time';
import { logHead } from '../log-state.ts';

const EVERY_MS = 200;

/** What was seen of some lanes at one moment. */
interface Sample {
  readonly atMs: number;
  /** Where the log ended. */
  readonly head: number;
  /** Where the slowest of the lanes was. */
  readonly slowest: number;
  /** Where the lanes were, on average. */
  readonly mean: number;
}

/** How lanes flowed for a while. */
export interface Flow {
  /** Longest time for which an event of the lanes had been stored and not published. */
  readonly longestWaitMs: number;
  /** The same, of half of the moments. */
  readonly medianWaitMs: number;
  /** How far the lanes came of what the log grew, on average: 1 = as fast as was appended. */
  readonly share: number;
}

/** Looks at lanes of the log until it is stopped. */
export class LaneWatch {
  readonly #database: Queryable;
  readonly #lanes: ReadonlySet<number>;
  // The relay is in this process: what others took from it is no wait of its lanes.
  readonly #time = stopwatch();
  readonly #stop = new AbortController();
  readonly #samples: Sample[] = [];
  readonly #done: Promise<void>;

  constructor(database: Queryable, lanes: ReadonlySet<number>) {
    this.#database = database;
    this.#lanes = lanes;
    this.#done = this.#watch();
    this.#done.catch(() => {});
  }

  /** Milliseconds since it began to look. */
  nowMs(): number {
    return this.#time.ms();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  /** From one moment to another, as `nowMs` told them. */
  flow(fromMs: number, toMs: number): Flow {
    const within = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const [first, last] = [within[0], within.at(-1)];
    if (first === undefined || last === undefined) throw new TypeError('nothing was looked at');
    const waits = within.map((sample) => this.#waitMs(sample)).sort((a, b) => a - b);
    return {
      longestWaitMs: Math.round(waits.at(-1) ?? 0),
      medianWaitMs: Math.round(waits[Math.floor(waits.length / 2)] ?? 0),
      share: (last.mean - first.mean) / (last.head - first.head),
    };
  }

  // Since when the log has had more than the slowest lane.
  #waitMs({ atMs, slowest }: Sample): number {
    const since = this.#samples.find(({ head }) => head > slowest);
    return since === undefined ? 0 : Math.max(0, atMs - since.atMs);
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { head, lanes } = await logHead(this.#database);
      const positions = lanes
        .filter(({ lane }) => this.#lanes.has(lane))
        .map(({ position }) => Number(position.position));
      this.#samples.push({
        atMs: this.nowMs(),
        head: Number(head.position),
        slowest: Math.min(...positions),
        mean: positions.reduce((sum, one) => sum + one, 0) / positions.length,
      });
      await sleep(EVERY_MS, this.#stop.signal);
    }
  }
}
