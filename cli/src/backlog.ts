import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createClient } from '@nova/rpc';

/** What the log still has to publish. */
export interface Backlog {
  /** Last position of the log. */
  readonly head: string;
  readonly pending: bigint;
  /** True above 10,000, where `pending` is only bounded from above. */
  readonly pendingIsUpperBound: boolean;
  /** Undefined when nothing is pending. */
  readonly oldestPendingAgeMs: number | undefined;
  /** What Kafka refuses, which is not pending. */
  readonly parkedAggregates: bigint;
  readonly parkedEvents: bigint;
  /** Over the last minute. */
  readonly publishedPerSecond: number;
}

/** Asks events-service at `address` (host:port). Fails with RpcError. */
export async function askBacklog(address: string, deadlineMs = 2_000): Promise<Backlog> {
  const client = createClient(EventsService, { address, deadlineMs });
  try {
    const told = await client.getOutboxStatus({}, { waitForReady: true });
    const age = told.oldestPendingAge;
    return {
      head: told.head,
      pending: told.pending,
      pendingIsUpperBound: told.pendingIsUpperBound,
      oldestPendingAgeMs:
        age === undefined ? undefined : Number(age.seconds) * 1000 + age.nanos / 1e6,
      parkedAggregates: told.parkedAggregates,
      parkedEvents: told.parkedEvents,
      publishedPerSecond: told.publishedPerSecond,
    };
  } finally {
    client.close();
  }
}
