import type { StoredEvent } from '@nova/events';
import { eventsByAggregate } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import type {
  ReadAggregatesRequest,
  ReadAggregatesResponseSchema,
} from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { checkAggregate } from '../domain/accept-conditions.ts';
import { acceptEventTypes } from '../domain/accept-log-request.ts';
import type { KnownTypes } from '../domain/known-types.ts';
import { chunksOf } from '../domain/log-chunks.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

const MAX_AGGREGATES = 1_000;
const MAX_PER_AGGREGATE = 500;
/** Rows per query: payloads may have 256 KiB, and all of a query's rows are in memory at once. */
const STEP = 50;

type Response = MessageInitShape<typeof ReadAggregatesResponseSchema>;

interface Range {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly afterVersion: bigint;
  readonly eventTypes: readonly string[];
}

/** Streams the events of many aggregates, each in version order, one aggregate after the other. */
export function readAggregates({ database, types }: Dependencies) {
  return async function* (request: ReadAggregatesRequest, call: Call): AsyncGenerator<Response> {
    const known = await types.know(request.aggregates.flatMap(({ eventTypes }) => eventTypes));
    const { ranges, limit } = accept(request, known);
    for (const range of ranges) {
      if (call.signal.aborted) return;
      for await (const events of stepsOf(database, range, limit)) {
        for (const chunk of chunksOf(events)) yield { events: [...chunk.events] };
      }
    }
  };
}

async function* stepsOf(
  database: Database,
  range: Range,
  limit: number,
): AsyncGenerator<readonly StoredEvent[]> {
  const { aggregateType, aggregateId, eventTypes } = range;
  let { afterVersion } = range;
  for (let left = limit; left > 0; ) {
    const step = Math.min(STEP, left);
    const events = await eventsByAggregate(database, {
      aggregateType,
      aggregateId,
      afterVersion,
      limit: step,
      ...(eventTypes.length === 0 ? {} : { eventTypes }),
    });
    yield events;
    if (events.length < step) return;
    left -= events.length;
    afterVersion = events.at(-1)?.aggregateVersion ?? afterVersion;
  }
}

function accept(
  request: ReadAggregatesRequest,
  types: KnownTypes,
): { ranges: Range[]; limit: number } {
  const violations = new Violations();
  const { aggregates, limitPerAggregate } = request;
  if (aggregates.length === 0 || aggregates.length > MAX_AGGREGATES) {
    violations.add('aggregates', `must be 1 to ${MAX_AGGREGATES}`);
  }
  if (limitPerAggregate < 0) violations.add('limit_per_aggregate', 'must not be negative');
  const ranges = aggregates.slice(0, MAX_AGGREGATES).map((range, index) => {
    const prefix = `aggregates[${index}]`;
    checkAggregate(types, range.aggregateType, range.aggregateId, prefix, violations);
    if (range.afterVersion < 0n) violations.add(`${prefix}.after_version`, 'must not be negative');
    const field = `${prefix}.event_types`;
    const eventTypes = acceptEventTypes(types, range.eventTypes, field, violations);
    const { aggregateType, aggregateId, afterVersion } = range;
    return { aggregateType, aggregateId, afterVersion, eventTypes };
  });
  if (!violations.none) throw invalid(violations);
  const limit = limitPerAggregate === 0 ? MAX_PER_AGGREGATE : limitPerAggregate;
  return { ranges, limit: Math.min(limit, MAX_PER_AGGREGATE) };
}
