import { type Event, PublishMode } from '@nova/proto/gen/events/event_pb';
import type { EventsService, PublishResult } from '@nova/proto/gen/events/events_service_pb';
import { type Client, RpcError } from '@nova/rpc';
import { type Backoff, backoffMs, type Clock, sleep } from '@nova/time';
import type { ImportEvent } from '../irc/import-event.ts';
import { Pace } from './pace.ts';
import { type CallResult, publishWhole } from './publish-whole.ts';
import type { EventOutcome, PublishBatch } from './publisher.ts';

const BACKOFF: Backoff = { initialMs: 200, factor: 2, maxMs: 5000, jitter: 0.3 };
/** A stack that restarts is back within this time; after it, a person should look. */
const GIVE_UP_MS = 120_000;
const DEADLINE_MS = 20_000;
const PASSING = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'CANCELLED']);

/** How batches are sent. */
export interface GrpcPublisherOptions {
  readonly client: Pick<Client<typeof EventsService>, 'publishEvents'>;
  readonly clock: Clock;
  /** Most events per second; 0 = as fast as it goes. */
  readonly rate: number;
  /** Aborted: no further try is made and nothing waits. */
  readonly signal: AbortSignal;
  /** Told of every event that is in the log, new or not, where it is. */
  onStored(event: Event): void;
  /** Told each time a call is going to be tried again. */
  onRetry(error: RpcError): void;
}

/**
 * Publishes through PublishEvents. Calls that failed in passing are repeated: the event ids make it
 * safe, also when the first call was stored and only its answer lost. Rejects with RpcError for
 * everything else, after 2 minutes without an answer, and when a try fails after the signal.
 */
export function grpcPublisher(options: GrpcPublisherOptions): PublishBatch {
  const pace = new Pace(options.rate, options.clock);
  return publishWhole(async (events) => {
    await pace.take(events.length, options.signal);
    return callUntilAnswered(events, options);
  });
}

async function callUntilAnswered(
  events: readonly ImportEvent[],
  options: GrpcPublisherOptions,
): Promise<CallResult> {
  const { client, clock, signal } = options;
  const startedMs = clock.monotonicMs();
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { results } = await client.publishEvents(
        { mode: PublishMode.EACH, events: events.map(toRequest) },
        { deadlineMs: DEADLINE_MS },
      );
      for (const event of results.flatMap(storedIn)) options.onStored(event);
      return { outcome: 'answered', events: results.map(outcomeOf) };
    } catch (thrown) {
      const judged = judge(thrown, events.length);
      if (judged !== undefined) return judged;
      const spentMs = clock.monotonicMs() - startedMs;
      if (!isPassing(thrown) || signal.aborted || spentMs > GIVE_UP_MS) throw thrown;
      options.onRetry(thrown);
      await sleep(thrown.retryAfterMs ?? backoffMs(BACKOFF, attempt), signal);
    }
  }
}

function storedIn({ outcome }: PublishResult): readonly Event[] {
  return outcome.case === 'event' ? [outcome.value] : [];
}

function toRequest(event: ImportEvent) {
  const { eventId, eventType, aggregateId, payload, occurredAtMs } = event;
  const seconds = Math.floor(occurredAtMs / 1000);
  return {
    eventId,
    eventType,
    aggregateId,
    payload,
    occurredAt: { seconds: BigInt(seconds), nanos: (occurredAtMs - seconds * 1000) * 1e6 },
  };
}

function outcomeOf({ outcome, replayed }: PublishResult): EventOutcome {
  if (outcome.case === 'event') return replayed ? 'already there' : 'new';
  if (outcome.case === 'refusal') {
    return { refused: outcome.value.reason, message: outcome.value.message };
  }
  return { refused: 'UNKNOWN', message: 'the answer says nothing about it' };
}

const TOO_LARGE_REASONS = new Set(['RPC_TOO_LARGE', 'RPC_MESSAGE_TOO_LARGE']);

/** The failures that single events or the size of the call are the cause of. */
function judge(thrown: unknown, events: number): CallResult | undefined {
  if (!(thrown instanceof RpcError)) return undefined;
  if (TOO_LARGE_REASONS.has(thrown.reason)) return { outcome: 'too large' };
  if (thrown.status !== 'INVALID_ARGUMENT' && thrown.status !== 'ALREADY_EXISTS') return undefined;
  const wrong = new Map<number, string>();
  for (const { field, description } of thrown.violations) {
    if (field === 'events' && events > 1) return { outcome: 'too large' };
    const index = Number(/^events\[(\d+)\]/.exec(field)?.[1] ?? 'NaN');
    if (index < events)
      wrong.set(index, `${field.replace(/^events\[\d+\]\.?/, '')} ${description}`);
  }
  return wrong.size === 0 ? undefined : { outcome: 'invalid', events: wrong };
}

function isPassing(thrown: unknown): thrown is RpcError {
  return thrown instanceof RpcError && PASSING.has(thrown.status);
}
