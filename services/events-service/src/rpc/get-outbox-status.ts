import { formatPosition } from '@nova/events';
import { type BacklogPart, backlogParts } from '@nova/outbox';
import type {
  GetOutboxStatusRequest,
  GetOutboxStatusResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { durationOf, instantOf } from '../domain/event-time.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof GetOutboxStatusResponseSchema>;
type PendingTypes = NonNullable<Response['types']>;

/** Answers with what waits for Kafka, since when, at what rate it goes, and who publishes it. */
export function getOutboxStatus({ database, progress }: Dependencies) {
  return async (_: GetOutboxStatusRequest): Promise<Response> => {
    const status = await progress.status();
    const parts = status.pending === 0n ? [] : await backlogParts(database);
    return {
      head: formatPosition(status.head),
      pending: status.pending,
      pendingIsUpperBound: status.pendingIsUpperBound,
      ...(status.oldestPendingAgeMs === undefined
        ? {}
        : { oldestPendingAge: durationOf(status.oldestPendingAgeMs) }),
      parkedAggregates: status.parked.aggregates,
      parkedEvents: status.parked.events,
      ...(status.parked.since === undefined ? {} : { parkedSince: instantOf(status.parked.since) }),
      publishedPerSecond: status.publishedPerSecond,
      types: typesOf(parts),
      lanes: status.lanes.map(({ lane, position, owner, leaseUntil }) => ({
        lane,
        position: formatPosition(position),
        owner: owner ?? '',
        pending: pendingIn(lane, parts),
        ...(leaseUntil === undefined ? {} : { leaseUntil: instantOf(leaseUntil) }),
      })),
    };
  };
}

/** By type, most first: how much waits, and for how long. */
function typesOf(parts: readonly BacklogPart[]): PendingTypes {
  const types = new Map<string, { pending: bigint; ageMs: number }>();
  for (const { eventType, pending, oldestPendingAgeMs } of parts) {
    const before = types.get(eventType);
    types.set(eventType, {
      pending: pending + (before?.pending ?? 0n),
      ageMs: Math.max(oldestPendingAgeMs, before?.ageMs ?? 0),
    });
  }
  return [...types]
    .sort(([, one], [, other]) => Number(other.pending - one.pending))
    .map(([eventType, { pending, ageMs }]) => ({
      eventType,
      pending,
      oldestPendingAge: durationOf(ageMs),
    }));
}

function pendingIn(lane: number, parts: readonly BacklogPart[]): bigint {
  return parts.reduce((sum, part) => (part.lane === lane ? sum + part.pending : sum), 0n);
}
