import { formatPosition } from '@nova/events';
import type {
  GetOutboxStatusRequest,
  GetOutboxStatusResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from '../domain/event-time.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof GetOutboxStatusResponseSchema>;

/** Answers with what waits for Kafka, since when, at what rate it goes, and who publishes it. */
export function getOutboxStatus({ progress }: Dependencies) {
  return async (_: GetOutboxStatusRequest): Promise<Response> => {
    const status = await progress.status();
    return {
      head: formatPosition(status.head),
      pending: status.pending,
      pendingIsUpperBound: status.pendingIsUpperBound,
      ...(status.oldestPendingAgeMs === undefined
        ? {}
        : { oldestPendingAge: duration(status.oldestPendingAgeMs) }),
      parkedAggregates: status.parked.aggregates,
      parkedEvents: status.parked.events,
      ...(status.parked.since === undefined ? {} : { parkedSince: instantOf(status.parked.since) }),
      publishedPerSecond: status.publishedPerSecond,
      lanes: status.lanes.map(({ lane, position, owner, leaseUntil }) => ({
        lane,
        position: formatPosition(position),
        owner: owner ?? '',
        ...(leaseUntil === undefined ? {} : { leaseUntil: instantOf(leaseUntil) }),
      })),
    };
  };
}

function duration(ms: number): { seconds: bigint; nanos: number } {
  const whole = Math.floor(ms / 1000);
  return { seconds: BigInt(whole), nanos: Math.floor((ms - whole * 1000) * 1e6) };
}
