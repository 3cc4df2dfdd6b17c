import { hash } from 'node:crypto';
import type { Queryable } from '@nova/postgres';
import { defineView, onRegistered, type View } from '@nova/projection';
import { BENCH_AGGREGATE, eventOf, typesOf, type Workload } from './workload.ts';

/** A row of the view: what came of one aggregate and type, and in which order. */
export interface BenchRow {
  readonly aggregate_id: string;
  readonly event_type: string;
  readonly events: number;
  /** A chain over the payloads: another one, one more, one less or another order changes it. */
  readonly digest: string;
}

/** Where the table of the view is declared. */
export const benchTable = new URL('./bench-view.sql', import.meta.url);

/** The row after one more event; pure, as folds are. */
export function foldBench(
  row: Pick<BenchRow, 'events' | 'digest'> | undefined,
  payload: { readonly n?: unknown; readonly content?: unknown },
): Pick<BenchRow, 'events' | 'digest'> {
  const { events = 0, digest = '' } = row ?? {};
  const text = `${digest} ${String(payload.n)} ${String(payload.content)}`;
  return { events: events + 1, digest: hash('md5', text) };
}

/** The view over the event types of a workload. */
export function benchView(workload: Workload): View {
  return defineView<BenchRow, 'aggregate_id' | 'event_type'>({
    name: 'bench_view',
    version: 1,
    table: benchTable,
    key: ['aggregate_id', 'event_type'],
    handlers: typesOf(workload).map((eventType) =>
      onRegistered(
        { eventType, aggregateType: BENCH_AGGREGATE },
        {
          keys: ({ aggregateId }) => [{ aggregate_id: aggregateId, event_type: eventType }],
          fold: (row, { payload }, key) => ({ ...key, ...foldBench(row, payload) }),
        },
      ),
    ),
  });
}

/**
 * What is wrong with the rows that a consumer has made of a workload; undefined when they are what a
 * fold over all events in their order gives.
 */
export async function wrongInView(
  database: Queryable,
  schema: string,
  workload: Workload,
): Promise<string | undefined> {
  const expected = new Map<string, Pick<BenchRow, 'events' | 'digest'>>();
  for (let n = 0; n < workload.events; n += 1) {
    const { eventType, aggregateId, payload } = eventOf(workload, n);
    const name = `${aggregateId} ${eventType}`;
    // `eventOf` has written it.
    const written = JSON.parse(payload.toString()) as { n: number; content: string };
    expected.set(name, foldBench(expected.get(name), written));
  }
  const rows = await database.query<BenchRow>(`SELECT * FROM ${schema}.bench_view`);
  let wrong = 0;
  for (const { aggregate_id, event_type, events, digest } of rows) {
    const wanted = expected.get(`${aggregate_id} ${event_type}`);
    if (wanted?.events !== events || wanted.digest !== digest) wrong += 1;
  }
  const missing = expected.size - rows.length;
  if (wrong === 0 && missing === 0) return undefined;
  return `${wrong} rows differ, ${missing} are missing of ${expected.size}`;
}
