import { loadSql, type Queryable } from '@nova/postgres';
import { type GaugeMetric, gauge, metricNames } from '@nova/telemetry';

const standingSql = loadSql(new URL('./sql/standing.sql', import.meta.url));

/** How far an outbox is forwarded, as its tables tell, whichever instance forwards. */
export interface OutboxStanding {
  /** Whether an instance of the service forwards, or did until a moment ago. */
  readonly isForwarded: boolean;
  /** Committed and not forwarded, counted up to 10,000. */
  readonly pending: number;
  readonly oldestPendingAgeMs: number | undefined;
  /** Aggregates whose next event nova refuses, counted up to 10,000. */
  readonly parkedAggregates: number;
  /** Their events that wait, the refused ones included. */
  readonly parkedEvents: number;
  readonly oldestParkedAgeMs: number | undefined;
  /** The last position that nova's log answered with. */
  readonly logPosition: string | undefined;
}

/** Looks at the tables of an outbox. */
export async function outboxStanding(database: Queryable): Promise<OutboxStanding> {
  const [row] = await database.query<{
    is_forwarded: boolean;
    log_position: string | null;
    pending: bigint;
    pending_age_ms: number | null;
    parked_aggregates: bigint;
    parked_events: bigint;
    parked_age_ms: number | null;
  }>(standingSql);
  if (row === undefined) throw new TypeError('local_outbox has no row');
  return {
    isForwarded: row.is_forwarded,
    pending: Number(row.pending),
    oldestPendingAgeMs: ageOf(row.pending_age_ms),
    parkedAggregates: Number(row.parked_aggregates),
    parkedEvents: Number(row.parked_events),
    oldestParkedAgeMs: ageOf(row.parked_age_ms),
    logPosition: row.log_position ?? undefined,
  };
}

// The clock may have been put back.
function ageOf(ms: number | null): number | undefined {
  return ms === null ? undefined : Math.max(0, Math.round(ms));
}

/** Shows an outbox whenever metrics are collected, until the gauges are removed. */
export function outboxGauges(database: Queryable): readonly GaugeMetric[] {
  const one = (
    name: Parameters<typeof gauge>[0],
    help: string,
    value: (standing: OutboxStanding) => number,
  ) => gauge(name, help, async () => [{ value: value(await outboxStanding(database)) }]);
  return [
    one(metricNames.outboxPending, 'Events that are not yet forwarded.', (now) => now.pending),
    one(
      metricNames.outboxOldestPendingAge,
      'Age of the oldest event that waits.',
      (now) => (now.oldestPendingAgeMs ?? 0) / 1000,
    ),
    one(
      metricNames.parkedAggregates,
      'Aggregates whose next event nova refuses.',
      (now) => now.parkedAggregates,
    ),
    one(metricNames.parkedEvents, 'Events that wait behind a refusal.', (now) => now.parkedEvents),
    one(
      metricNames.parkedOldestAge,
      'Time since the first refusal that lasts.',
      (now) => (now.oldestParkedAgeMs ?? 0) / 1000,
    ),
  ];
}
