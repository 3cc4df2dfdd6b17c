import { type Database, openDatabase, prepared } from '@nova/postgres';
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

/** SQL for when the transaction that wrote a row was committed, in milliseconds since 1970. */
export const COMMITTED_AT = 'extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000';

/**
 * When the rows of these keys were committed, by what the server noted of each transaction: nothing
 * looks at a view while it is measured. Waits for what is not there yet, at most so long.
 *
 * @param find SQL that gives `key` and `at` of the rows whose keys are in $1
 */
export async function committedTimes(
  database: Database,
  find: string,
  keys: Iterable<string>,
  withinMs: number,
): Promise<Times> {
  const sql = prepared(find);
  const times: Times = new Map();
  const end = performance.now() + withinMs;
  const left = new Set(keys);
  while (left.size > 0 && performance.now() < end) {
    for (const some of inChunks([...left])) {
      const rows = await database.query<{ key: string; at: string }>(sql, [some]);
      for (const { key, at } of rows) if (left.delete(key)) times.set(key, Number(at));
    }
    if (left.size > 0) await sleep(200);
  }
  return times;
}

function* inChunks(keys: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < keys.length; from += 1000) yield keys.slice(from, from + 1000);
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
