import { type Database, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { quantile } from './harness/statistics.ts';

/** Milliseconds since 1970 with fractions, by what is timed. */
export type Times = Map<string, number>;

/** The wall clock with the resolution of the monotonic one. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** A database as a benchmark looks into it. */
export function look(url: string, searchPath?: string): Database {
  const path = searchPath === undefined ? '' : `?options=-csearch_path%3D${searchPath}`;
  return openDatabase({
    url: `${url}${path}`,
    applicationName: 'bench',
    poolSize: 2,
    statementTimeoutMs: 10_000,
    logger: silentLogger,
  });
}

/** The schema of the generation that serves. */
export async function servingSchema(url: string): Promise<string> {
  const database = look(url);
  try {
    const [row] = await database.query<{ generation: number }>(
      "SELECT generation FROM consumer_generations WHERE consumer = 'views' AND state = 'serving'",
    );
    return `views_g${row?.generation ?? 1}`;
  } finally {
    await database.close();
  }
}

/**
 * Looks again and again, with a pause of 5 ms, which of what is waited for is there, and notes when.
 * `find` gets the keys and answers with those that it finds.
 */
export class Watch {
  readonly seen: Times = new Map();
  readonly #waiting = new Set<string>();
  readonly #find: (keys: readonly string[]) => Promise<readonly string[]>;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;

  constructor(find: (keys: readonly string[]) => Promise<readonly string[]>) {
    this.#find = find;
    this.#loop = this.#run();
  }

  expect(key: string): void {
    this.#waiting.add(key);
  }

  get left(): number {
    return this.#waiting.size;
  }

  /** Waits until all is seen, at most so long; stops looking. */
  async end(withinMs: number): Promise<void> {
    for (let waited = 0; waited < withinMs && this.left > 0; waited += 50) await sleep(50);
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#waiting.size > 0) {
        const found = await this.#find([...this.#waiting]);
        const at = nowMs();
        for (const key of found) if (this.#waiting.delete(key)) this.seen.set(key, at);
      }
      await sleep(5);
    }
  }
}

/** Quantiles of the time from `started` to `ended`, by key. */
export function quantiles(started: Times, ended: Times) {
  const taken = [...started].flatMap(([key, at]) => {
    const end = ended.get(key);
    return end === undefined ? [] : [end - at];
  });
  const at = (share: number) => quantile(taken, share);
  return { missing: started.size - taken.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** `p50 11.3 ms, p99 44.6 ms, max 80.1 ms, missing 0` */
export function quantilesText({ p50, p99, max, missing }: ReturnType<typeof quantiles>): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}, missing ${missing}`;
}

/** Calls `send` for 0, 1, 2 … at the rate, without waiting for earlier ones. */
export async function atRate(
  rate: number,
  count: number,
  send: (n: number) => Promise<unknown>,
): Promise<void> {
  const begin = performance.now();
  const sends: Promise<unknown>[] = [];
  for (let n = 0; n < count; n += 1) {
    await sleep(begin + (n * 1000) / rate - performance.now());
    sends.push(send(n));
  }
  await Promise.all(sends);
}
