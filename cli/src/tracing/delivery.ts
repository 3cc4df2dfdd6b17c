import type { Event } from '@nova/proto/gen/events/event_pb';
import { DeliveryCondition, type DeliveryState } from '@nova/proto/gen/ops/ops_service_pb';
import { askOps } from '../consumers/ask-ops.ts';
import { type RegisteredConsumer, timeText } from '../consumers/registered-consumer.ts';

/** What became of the event at a consumer; the last two when the consumer could not be asked. */
export type DeliveryWord =
  | 'applied'
  | 'waiting'
  | 'retrying'
  | 'parked'
  | 'not_subscribed'
  | 'not_running'
  | 'unreachable';

/** A consumer's line of the trace. Times are RFC 3339; what is not known is left out. */
export interface TracedDelivery {
  readonly service: string;
  readonly consumer: string;
  readonly generation: number;
  readonly state: DeliveryWord;
  /** Highest version of the aggregate that its views show. */
  readonly applied_version?: bigint;
  /** When they showed that version; of a later one than the event's, an upper bound. */
  readonly applied_at?: string;
  /** The event was not taken from Kafka but read from the log, because Kafka was late or lost it. */
  readonly filled_at?: string;
  readonly attempts?: number;
  readonly failed_at?: string;
  readonly next_attempt_at?: string;
  readonly reason?: string;
  /** Place of the delivery in Kafka, while it waits. */
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: bigint;
  readonly last_seen_at?: string;
}

const WORDS: Readonly<Record<DeliveryCondition, DeliveryWord>> = {
  [DeliveryCondition.UNSPECIFIED]: 'unreachable',
  [DeliveryCondition.APPLIED]: 'applied',
  [DeliveryCondition.WAITING]: 'waiting',
  [DeliveryCondition.RETRYING]: 'retrying',
  [DeliveryCondition.PARKED]: 'parked',
  [DeliveryCondition.NOT_SUBSCRIBED]: 'not_subscribed',
};

/** Asks a consumer for the event: its processes in turn, until one answers. Never rejects. */
export async function traceDelivery(
  registered: RegisteredConsumer,
  event: Event,
): Promise<TracedDelivery> {
  const { service, consumer, generation } = registered;
  const base = { service, consumer, generation };
  if (!registered.eventTypes.includes(event.eventType)) return { ...base, state: 'not_subscribed' };
  const reasons: string[] = [];
  for (const address of registered.addresses) {
    const answer = await askOps(address, (client) =>
      client.getDeliveryState({ eventId: event.eventId }),
    );
    if ('unreachable' in answer) {
      reasons.push(answer.unreachable);
      continue;
    }
    const state = answer.told.states.find((one) => one.consumer === consumer);
    if (state !== undefined) return { ...base, ...deliveryOf(state, event) };
    reasons.push(`${address} knows no consumer ${consumer}`);
  }
  return {
    ...base,
    last_seen_at: registered.lastSeenAt,
    ...(reasons.length === 0
      ? { state: 'not_running', reason: `last seen at ${registered.lastAddress}` }
      : { state: 'unreachable', reason: reasons.join('; ') }),
  };
}

/** An answer in the words of the trace. */
export function deliveryOf(
  state: DeliveryState,
  event: Event,
): Pick<TracedDelivery, 'state' | 'generation'> & Partial<TracedDelivery> {
  const version = event.aggregateVersion;
  const isFilled = state.filledFrom <= version && version <= state.filledTo;
  const known = {
    applied_version: state.appliedVersion,
    applied_at: timeText(state.appliedAt),
    filled_at: isFilled ? timeText(state.filledAt) : '',
    attempts: state.attempts,
    failed_at: timeText(state.failedAt),
    next_attempt_at: timeText(state.nextAttemptAt),
    reason: state.reason,
    topic: state.topic,
    partition: state.partition,
    offset: state.offset,
  };
  // What an answer leaves out comes as nothing, not as a value.
  const told = Object.entries(known).filter(([, value]) => value !== undefined && value !== '');
  return {
    generation: state.generation,
    state: WORDS[state.condition],
    ...Object.fromEntries(told.filter(([name, value]) => name !== 'attempts' || value !== 0)),
  };
}
