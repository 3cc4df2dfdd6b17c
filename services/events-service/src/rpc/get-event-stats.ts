import { formatTime, type Instant } from '@nova/events';
import { logHead, positionBefore, typeStats } from '@nova/outbox';
import type {
  GetEventStatsRequest,
  GetEventStatsResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from '../domain/event-time.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

const DEFAULT_MS = 3_600_000;
const LEAST_MS = 1_000;
const MOST_MS = 366 * 24 * 3_600_000;

type Response = MessageInitShape<typeof GetEventStatsResponseSchema>;

/**
 * What was stored within a period. The number of events follows from positions, which are dense, and
 * costs the same for any period; types are counted over the last 100,000 of them at most.
 */
export function getEventStats({ database, clock }: Dependencies) {
  return async (request: GetEventStatsRequest): Promise<Response> => {
    const ms = periodOf(request);
    const to = clock.now().getTime();
    const from = instantAt(to - ms);
    const before = await positionBefore(database, formatTime(from) ?? '');
    const { head } = await logHead(database);
    const types = await typeStats(database, before.position);
    const events = head.position - before.position;
    return {
      from,
      to: instantAt(to),
      events,
      eventsPerSecond: Number(events) / (ms / 1000),
      counted: types.reduce((sum, one) => sum + one.events, 0n),
      types: types.map(({ lastStoredAt, ...one }) => ({
        ...one,
        lastStoredAt: instantOf(lastStoredAt),
      })),
      total: head.position,
    };
  };
}

function periodOf({ period }: GetEventStatsRequest): number {
  if (period === undefined) return DEFAULT_MS;
  const ms = Number(period.seconds) * 1000 + Math.floor(period.nanos / 1e6);
  if (ms >= LEAST_MS && ms <= MOST_MS) return ms;
  const violations = new Violations();
  violations.add('period', 'must be 1 second to 366 days');
  throw invalid(violations);
}

function instantAt(ms: number): Instant {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor((ms - seconds * 1000) * 1e6) };
}
