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

/** The event's record in its topic. */
export interface TracedRecord {
  readonly topic: string;
  readonly partition: number;
  /** `waiting`: not published yet. `gone`: published, and deleted with the topic's retention. */
  readonly state: 'published' | 'waiting' | 'gone' | 'unknown';
  readonly offset?: bigint;
  /** RFC 3339, milliseconds. */
  readonly published_at?: string;
  /** Why it is not known. */
  readonly reason?: string;
}

/** Looks where the relay is, and for a published event where its record is. Never rejects. */
export async function findRecord(
  event: Event,
  client: Pick<Client<typeof EventsService>, 'getOutboxStatus'>,
  connection: KafkaConnection,
): Promise<TracedRecord> {
  const { topic, partition } = event;
  try {
    if (!(await isPublished(event, client))) return { topic, partition, state: 'waiting' };
    const record = await searchFor(event, connection);
    if (record === undefined) return { topic, partition, state: 'gone' };
    const published_at = new Date(record.timestamp).toISOString();
    return { topic, partition, state: 'published', offset: record.offset, published_at };
  } catch (thrown) {
    return { topic, partition, state: 'unknown', reason: messageOf(thrown) };
  }
}

async function isPublished(
  { aggregateId, position }: Event,
  client: Pick<Client<typeof EventsService>, 'getOutboxStatus'>,
): Promise<boolean> {
  const { lanes } = await client.getOutboxStatus({});
  const lane = lanes.find((one) => one.lane === laneOf(aggregateId));
  return numberOf(lane?.position ?? '') >= numberOf(position);
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

/** A lane's events come in the order of the log: after a later one of its lane it comes no more. */
export function judge(
  { key, headers }: Pick<IncomingRecord, 'key' | 'headers'>,
  { eventId, aggregateId, position }: Pick<Event, 'eventId' | 'aggregateId' | 'position'>,
): 'found' | 'past' | 'other' {
  if (headers['ce_id'] === eventId) return 'found';
  if (key === undefined || laneOf(key) !== laneOf(aggregateId)) return 'other';
  return numberOf(headers['ce_novaposition'] ?? '') > numberOf(position) ? 'past' : 'other';
}

function numberOf(position: string): bigint {
  return parsePosition(position)?.position ?? -1n;
}
