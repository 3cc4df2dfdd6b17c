import { hash } from 'node:crypto';
import type { Queryable } from '@nova/postgres';
import { defineView, onRegistered, type View } from '@nova/projection';
import { isPoison, kindOf } from './troubles.ts';
import { BENCH_AGGREGATE, eventOf, typesOf, type Workload } from './workload.ts';

/** A row for each event, so that its transaction tells when the event became visible. */
interface SeenRow {
  readonly aggregate_id: string;
  readonly n: number;
  /** Of the event in its aggregate: 1, 2, 3 … */
  readonly version: number;
  readonly digest: string;
}

/** What was found in a view: rows by the number of their event, and what else there should be. */
export interface SeenState {
  readonly rows: readonly (SeenRow & { readonly at: number })[];
  /** Ids of aggregates that the consumer has parked, and of those that the relay has. */
  readonly parked: readonly string[];
  readonly refused: readonly string[];
}

/** A view over the event types of a workload, whose fold fails at poison. */
export function seenView(workload: Workload): View {
  return defineView<SeenRow, 'aggregate_id' | 'n'>({
    name: 'bench_seen',
    version: 1,
    table: new URL('./seen-view.sql', import.meta.url),
    key: ['aggregate_id', 'n'],
    handlers: typesOf(workload).map((eventType) =>
      onRegistered(
        { eventType, aggregateType: BENCH_AGGREGATE },
        {
          keys: ({ aggregateId, payload }) => [
            { aggregate_id: aggregateId, n: Number(payload['n']) },
          ],
          fold(_row, { payload, version }, key) {
            const content = String(payload['content']);
            if (isPoison(content)) throw new TypeError('poison');
            return { ...key, version: Number(version), digest: hash('md5', content) };
          },
        },
      ),
    ),
  });
}

/** Reads the rows of a generation, with the milliseconds since 1970 when each was committed. */
export async function readSeen(views: Queryable, log: Queryable): Promise<SeenState> {
  const rows = await views.query<SeenRow & { at: string }>(
    `SELECT *, extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 AS at
     FROM views_g1.bench_seen`,
  );
  const ids = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id);
  return {
    rows: rows.map((row) => ({ ...row, at: Number(row.at) })),
    parked: ids(
      await views.query<{ id: string }>(
        "SELECT aggregate_id AS id FROM parked_aggregates WHERE state = 'parked'",
      ),
    ),
    refused: ids(await log.query<{ id: string }>('SELECT aggregate_id AS id FROM outbox_parked')),
  };
}

/**
 * What is wrong with a view; undefined when every event is there once, as its aggregate's next one and
 * with its own content, poison is parked in the consumer, what is too large in the relay, and nothing
 * else is.
 */
export function wrongInSeen(workload: Workload, state: SeenState): string | undefined {
  const found = new Map(state.rows.map((row) => [row.n, row]));
  const versions = new Map<string, number>();
  const wanted = { poison: new Set<string>(), oversize: new Set<string>() };
  let missing = 0;
  let changed = 0;
  for (let n = 0; n < workload.events; n += 1) {
    const kind = kindOf(workload, n);
    const { aggregateId, payload } = eventOf(workload, n);
    if (kind === 'poison' || kind === 'oversize') {
      wanted[kind].add(aggregateId);
      continue;
    }
    const version = (versions.get(aggregateId) ?? 0) + 1;
    versions.set(aggregateId, version);
    const row = found.get(n);
    // `eventOf` has written it.
    const { content } = JSON.parse(payload.toString()) as { content: string };
    if (row === undefined) missing += 1;
    else if (
      row.aggregate_id !== aggregateId ||
      row.version !== version ||
      row.digest !== hash('md5', content)
    ) {
      changed += 1;
    }
  }
  const expected = workload.events - wanted.poison.size - wanted.oversize.size;
  const faults = [
    [missing, 'events are missing'],
    [changed, 'rows differ'],
    [state.rows.length - (expected - missing), 'rows too many'],
    [differing(wanted.poison, state.parked), 'aggregates parked wrongly'],
    [differing(wanted.oversize, state.refused), 'aggregates refused wrongly'],
  ] as const;
  const words = faults.filter(([count]) => count !== 0).map(([count, what]) => `${count} ${what}`);
  return words.length === 0 ? undefined : words.join(', ');
}

function differing(wanted: ReadonlySet<string>, found: readonly string[]): number {
  const strange = found.filter((id) => !wanted.has(id)).length;
  return strange + wanted.size - (new Set(found).size - strange);
}
