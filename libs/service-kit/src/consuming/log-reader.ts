import type { AggregateRange, LogRange, LogReader } from '@nova/consumer';
import { formatPosition, type LogPosition, parsePosition, type StoredEvent } from '@nova/events';
import type { EventLog } from '@nova/proto/gen/events/event_log_pb';
import type { Client } from '@nova/rpc';
import { answered, streamed } from './log-failure.ts';
import { storedEventOf } from './stored-event.ts';

/** Most aggregates that events-service takes in one call. */
const AGGREGATES_PER_CALL = 1000;
/** For one call's aggregates. A scan of the log has no such limit: it lasts as long as the log. */
const AGGREGATES_DEADLINE_MS = 30_000;

/** The calls of events-service that a reader makes. */
export type LogReads = Pick<
  Client<typeof EventLog>,
  'readAggregates' | 'readLog' | 'getLog' | 'registerConsumer'
>;

/**
 * The log over gRPC. Its failures are NovaErrors: SERVICE_LOG_UNAVAILABLE while events-service is
 * away, SERVICE_LOG_REFUSED when it does not want the call.
 *
 * @param opsAddress host:port at which this process answers operators
 */
export function logReaderOver(client: LogReads, opsAddress: string): LogReader {
  return {
    readAggregates: (ranges, limit, signal) => readAggregates(client, ranges, limit, signal),
    readLog: (range) => readLog(client, range),
    async getLog() {
      const { head, epochs, lanes } = await answered(client.getLog({}, { waitForReady: true }));
      return {
        head: positionOf(head),
        epochs: epochs.map(({ epoch, firstPosition }) => ({ epoch, firstPosition })),
        lanes: lanes.map(({ lane, position }) => ({ lane, position: positionOf(position) })),
      };
    },
    async register({ eventTypes, fields, ...registration }) {
      const read = [...fields].map(
        ([type, names]) => [type, { names: [...names] }] satisfies [string, object],
      );
      const request = {
        ...registration,
        eventTypes: [...eventTypes],
        fields: Object.fromEntries(read),
        opsAddress,
      };
      await answered(client.registerConsumer(request));
    },
  };
}

async function* readAggregates(
  client: LogReads,
  ranges: readonly AggregateRange[],
  limit: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly StoredEvent[]> {
  const options = {
    deadlineMs: AGGREGATES_DEADLINE_MS,
    ...(signal === undefined ? {} : { signal }),
  };
  for (let first = 0; first < ranges.length; first += AGGREGATES_PER_CALL) {
    const aggregates = ranges
      .slice(first, first + AGGREGATES_PER_CALL)
      .map((range) => ({ ...range, eventTypes: [...range.eventTypes] }));
    const request = { aggregates, limitPerAggregate: limit };
    for await (const { events } of streamed(client.readAggregates(request, options))) {
      yield events.map(storedEventOf);
    }
  }
}

async function* readLog(
  client: LogReads,
  { from, lanes, eventTypes, headersOnly, signal }: LogRange,
): AsyncGenerator<{ readonly events: readonly StoredEvent[]; readonly scanned: LogPosition }> {
  const request = {
    from: from === undefined ? '' : formatPosition(from),
    lanes: [...lanes],
    eventTypes: [...eventTypes],
    headersOnly,
  };
  const stream = client.readLog(request, signal === undefined ? {} : { signal });
  for await (const { events, scanned } of streamed(stream)) {
    yield { events: events.map(storedEventOf), scanned: positionOf(scanned) };
  }
}

function positionOf(text: string): LogPosition {
  const position = parsePosition(text);
  if (position === undefined) throw new TypeError('events-service sent what is no position');
  return position;
}
