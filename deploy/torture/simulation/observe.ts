import type { StoredEvent } from '@nova/events';
import type { ArrivedRecord } from '../../../libs/outbox/src/testing/fake-publisher.ts';
import type { Observation } from '../checker/observation.ts';
import type { Row } from './view-store.ts';

/** What psql and kcat would have found. */
export function observe(
  events: readonly StoredEvent[],
  arrived: readonly ArrivedRecord[],
  rows: Iterable<Row>,
): Observation {
  return {
    log: events.map((event) => ({
      position: Number(event.position.position),
      id: event.eventId,
      type: event.eventType,
      aggregate: event.aggregateId,
      version: Number(event.aggregateVersion),
      sequence: Number(event.typeSequence),
      storedAt: event.storedAt,
      payload: Buffer.from(event.payload).toString(),
    })),
    topics: arrived.map(({ topic, partition, key, value, headers }) => ({
      topic,
      partition,
      key,
      id: headers['ce_id'] ?? '',
      version: Number(headers['ce_sequence']),
      payload: Buffer.from(value).toString(),
    })),
    topicNames: new Set(events.map(({ eventType }) => `nova_events_${eventType}`)),
    views: [
      {
        view: 'activity',
        rows: [...rows].map((row) =>
          ['conversation_id', 'messages', 'members_added', 'last_active_at'].map((column) =>
            String(row[column]),
          ),
        ),
        parked: new Map(),
      },
    ],
    parkedInRelay: 0,
  };
}
