import { parseTime } from '@nova/events';
import type { ForwardAnswer, ForwardOutcome, MeshLog, OutboxEvent } from '@nova/outbox/local';
import type { EventForwarding, ForwardResult } from '@nova/proto/gen/events/event_forwarding_pb';
import { type Client, RpcError } from '@nova/rpc';
import { areEventsRefused, logFailure } from '../consuming/log-failure.ts';

/** The call of events-service that a forwarder makes. */
export type Forwards = Pick<Client<typeof EventForwarding>, 'forward'>;

/**
 * The log of nova over gRPC. A call that is refused as a whole, and so has stored nothing, is cut in
 * halves until the event that is to blame stands alone.
 */
export function meshLogOver(client: Forwards): MeshLog {
  return { forward: (events, last) => forward(client, events, last) };
}

async function forward(
  client: Forwards,
  events: readonly OutboxEvent[],
  last: string | undefined,
): Promise<ForwardAnswer> {
  try {
    const { results } = await client.forward({
      events: events.map(messageOf),
      lastPosition: last ?? '',
    });
    return { answer: 'outcomes', outcomes: results.map(outcomeOf) };
  } catch (thrown) {
    if (thrown instanceof RpcError && thrown.reason === 'POSITION_LOST') return { answer: 'lost' };
    if (!areEventsRefused(thrown)) throw logFailure(thrown);
    if (events.length > 1) return inHalves(client, events, last);
    const { reason, status, message } = thrown;
    return {
      answer: 'outcomes',
      outcomes: [{ outcome: 'refused', reason: reason || status, message }],
    };
  }
}

async function inHalves(
  client: Forwards,
  events: readonly OutboxEvent[],
  last: string | undefined,
): Promise<ForwardAnswer> {
  const middle = Math.ceil(events.length / 2);
  const first = await forward(client, events.slice(0, middle), last);
  if (first.answer === 'lost') return first;
  const second = await forward(client, events.slice(middle), last);
  if (second.answer === 'lost') return second;
  return { answer: 'outcomes', outcomes: [...first.outcomes, ...second.outcomes] };
}

function messageOf(event: OutboxEvent) {
  const { eventId, eventType, aggregateId, payload, correlationId, causationId } = event;
  const occurredAt = parseTime(event.occurredAt);
  return {
    aggregateType: event.aggregateType,
    sourceVersion: event.sourceVersion,
    event: {
      ...{ eventId, eventType, aggregateId, payload, correlationId, causationId },
      metadata: { ...event.metadata },
      ...(occurredAt === undefined ? {} : { occurredAt }),
    },
  };
}

function outcomeOf({ outcome, lastSourceVersion }: ForwardResult): ForwardOutcome {
  if (outcome.case === 'appended') {
    const { position, replayed } = outcome.value;
    return { outcome: 'stored', ...(replayed ? {} : { position }) };
  }
  const { reason = 'UNANSWERED', message = '' } = outcome.value ?? {};
  const isVersion = reason === 'SOURCE_VERSION_GAP';
  return { outcome: 'refused', reason, message, ...(isVersion ? { head: lastSourceVersion } : {}) };
}
