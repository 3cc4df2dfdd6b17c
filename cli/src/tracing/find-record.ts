import { messageOf } from '@nova/errors';
import { laneOf, parsePosition } from '@nova/events';
import { type IncomingRecord, openKafka } from '@nova/kafka';
import type { Event } from '@nova/proto/gen/events/event_pb';
import type { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { timestampDate } from '@nova/proto/runtime';
import type { Client } from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import type { KafkaConnection } from '../topics/kafka-connection.ts';

/** Clocks of the log and of the relay may differ by this much. */
const CLOCKS_MS = 60_000;
const SEARCH_MS = 10_000;
const MOST_PARKED = 500;

/** What of events-service tells how far the relay is. */
export type RelayClient = Pick<Client<typeof EventsService>, 'getOutboxStatus' | 'listRelayParked'>;

/** The event's record in its topic. */
export interface TracedRecord {
  readonly topic: string;
  readonly partition: number;
  /**
   * `waiting`: not published yet. `parked`: nor will it be, until Kafka takes it or what it waits
   * for. `gone`: published, and deleted with the topic's retention.
   */
  readonly state: 'published' | 'waiting' | 'parked' | 'gone' | 'unknown';
  readonly offset?: bigint;
  /** RFC 3339, milliseconds. */
  readonly published_at?: string;
  /** Why it is not known, or parked. */
  readonly reason?: string;
}

/** Looks where the relay is, and for a published event where its record is. Never rejects. */
export async function findRecord(
  event: Event,
  client: RelayClient,
  connection: KafkaConnection,
): Promise<TracedRecord> {
  const { topic, partition } = event;
  try {
    const held = await whatHolds(event, client);
    if (held !== undefined) return { topic, partition, ...held };
    const record = await searchFor(event, connection);
    if (record === undefined) return { topic, partition, state: 'gone' };
    const { offset, timestamp } = record;
    const time = timestamp !== undefined && { published_at: new Date(timestamp).toISOString() };
    return { topic, partition, state: 'published', offset, ...time };
  } catch (thrown) {
    return { topic, partition, state: 'unknown', reason: messageOf(thrown) };
  }
}

/** Undefined when the event was published. */
export async function whatHolds(
  { aggregateId, aggregateType, position }: Event,
  client: RelayClient,
): Promise<Pick<TracedRecord, 'state' | 'reason'> | undefined> {
  const { lanes, parkedAggregates } = await client.getOutboxStatus({});
  const lane = lanes.find((one) => one.lane === laneOf(aggregateId));
  if (numberOf(lane?.position ?? '') < numberOf(position)) return { state: 'waiting' };
  if (parkedAggregates === 0n) return undefined;
  // A lane goes on without what is parked of it.
  const { aggregates } = await client.listRelayParked({ pageSize: MOST_PARKED });
  const parked = aggregates.find(
    (one) => one.aggregateType === aggregateType && one.aggregateId === aggregateId,
  );
  const isParked = parked !== undefined && numberOf(parked.position) <= numberOf(position);
  return isParked ? { state: 'parked', reason: parked.reason } : undefined;
}

async function searchFor(
  event: Event,
  connection: KafkaConnection,
): Promise<IncomingRecord | undefined> {
  const kafka = openKafka({ ...connection, clientId: 'nova-cli', logger: silentLogger });
  const storedMs = event.storedAt === undefined ? 0 : timestampDate(event.storedAt).getTime();
  try {
    return await kafka.search({
      topic: event.topic,
      partition: event.partition,
      fromMs: Math.max(0, storedMs - CLOCKS_MS),
      deadlineMs: SEARCH_MS,
      judge: (record) => judge(record, event),
    });
  } finally {
    await kafka.admin().close();
  }
}

/** An aggregate's events come in order, for the first time: after a later one it comes no more. */
export function judge(
  { key, headers }: Pick<IncomingRecord, 'key' | 'headers'>,
  { eventId, aggregateId, position }: Pick<Event, 'eventId' | 'aggregateId' | 'position'>,
): 'found' | 'past' | 'other' {
  if (headers['ce_id'] === eventId) return 'found';
  if (key !== aggregateId) return 'other';
  return numberOf(headers['ce_novaposition'] ?? '') > numberOf(position) ? 'past' : 'other';
}

function numberOf(position: string): bigint {
  return parsePosition(position)?.position ?? -1n;
}
