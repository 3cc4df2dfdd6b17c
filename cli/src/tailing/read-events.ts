import { decodeRecord, type StoredEvent } from '@nova/events';
import type { EventLog, LogEvent } from '@nova/proto/gen/events/event_log_pb';
import { type Client, RpcError } from '@nova/rpc';
import { type Backoff, backoffMs, sleep } from '@nova/time';
import type { EventFilter } from './event-filter.ts';

const BACKOFF: Backoff = { initialMs: 200, factor: 2, maxMs: 3000, jitter: 0.3 };
const PASSING = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED']);
/** A broken stream may also look like these, but then without a reason of nova's. */
const BROKEN = new Set(['UNKNOWN', 'INTERNAL']);

/** How the log is read. */
export interface Reading {
  readonly client: Pick<Client<typeof EventLog>, 'readLog'>;
  readonly filter: EventFilter;
  /** Events after this position; undefined = from the beginning. */
  readonly from: string | undefined;
  /** Goes on at the head, until the signal aborts. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Told when the connection was lost and is going to be made again. */
  onLost?(error: RpcError): void;
}

/**
 * The events of the log that match, in order. A follower whose connection is lost goes on after
 * the last position it has scanned, so that nothing is shown twice or left out. Fails with RpcError
 * when the server refuses, and when it cannot be reached at the very beginning.
 */
export async function* readEvents(reading: Reading): AsyncGenerator<StoredEvent> {
  let from = reading.from;
  let attempt = 0;
  let answered = false;
  while (!reading.signal.aborted) {
    try {
      for await (const { events, scanned } of open(reading, from)) {
        attempt = 0;
        answered = true;
        yield* matching(events, reading.filter);
        from = scanned;
      }
      // A follower's stream only ends when the server stops.
      if (!reading.follow) return;
    } catch (thrown) {
      if (reading.signal.aborted) return;
      if (!isPassing(thrown) || !reading.follow || !answered) throw thrown;
      reading.onLost?.(thrown);
    }
    attempt += 1;
    await sleep(backoffMs(BACKOFF, attempt), reading.signal);
  }
}

function open({ client, filter, follow, signal }: Reading, from: string | undefined) {
  return client.readLog(
    {
      from: from ?? '',
      lanes: [...filter.lanes],
      eventTypes: [...filter.eventTypes],
      follow,
    },
    { signal },
  );
}

function* matching(events: readonly LogEvent[], filter: EventFilter): Generator<StoredEvent> {
  for (const { topic, partition, key, value, headers } of events) {
    if (filter.aggregateId !== undefined && key !== filter.aggregateId) continue;
    const decoded = decodeRecord(topic, partition, key, value, headers);
    if (!decoded.ok) throw new TypeError(`events-service sent what is no event: ${decoded.reason}`);
    yield decoded.event;
  }
}

function isPassing(thrown: unknown): thrown is RpcError {
  if (!(thrown instanceof RpcError)) return false;
  return PASSING.has(thrown.status) || (BROKEN.has(thrown.status) && thrown.reason === '');
}
