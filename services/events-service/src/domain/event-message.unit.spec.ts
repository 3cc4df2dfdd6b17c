import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PARTITIONS, laneOf, partitionOf, type StoredEvent } from '@nova/events';
import { EventSchema } from '@nova/proto/gen/events/event_pb';
import { create } from '@nova/proto/runtime';
import { eventMessage, logEventMessage } from './event-message.ts';

function stored(aggregateId: string): StoredEvent {
  return {
    position: { epoch: '0123456789abcdef', position: 42n },
    eventId: '7d5a0f1e-8c3b-4b61-9a52-0d6c2f1b7e11',
    eventType: 'user_updated',
    schemaVersion: 1,
    aggregateType: 'user',
    aggregateId,
    aggregateVersion: 3n,
    typeSequence: 2n,
    previous: { user_created: 1n, user_updated: 2n },
    lane: laneOf(aggregateId),
    payload: Buffer.from('{"username":"ann"}'),
    source: '/nova/dev',
    occurredAt: '2026-11-21T12:00:00.000001Z',
    storedAt: '2026-11-21T12:00:01.250000Z',
    annotations: { expiresAt: '2027-01-01T00:00:00.000000Z', metadata: { k: 'v' } },
  };
}
const ID = '550e8400-e29b-41d4-a716-446655440000';

describe('eventMessage', () => {
  it('shows everything that is stored, with exact times', () => {
    const message = create(EventSchema, eventMessage(stored(ID)));
    expect(message).toMatchObject({
      aggregateVersion: 3n,
      previous: { user_created: 1n, user_updated: 2n },
      position: '0123456789abcdef-0000000000000000042',
      payload: { username: 'ann' },
      metadata: { k: 'v' },
      correlationId: '',
      topic: 'nova_events_user_updated',
    });
    expect(message.occurredAt).toMatchObject({ seconds: 1_795_262_400n, nanos: 1_000 });
    expect(message.storedAt).toMatchObject({ seconds: 1_795_262_401n, nanos: 250_000_000 });
    expect(message.expiresAt).toMatchObject({ nanos: 0 });
  });

  it('names the partition that Java would choose for the key', () => {
    for (let n = 0; n < 200; n += 1) {
      const id = ID.replace(/....$/, n.toString(16).padStart(4, '0'));
      expect(eventMessage(stored(id)).partition).toBe(partitionOf(id, DEFAULT_PARTITIONS));
    }
  });
});

describe('logEventMessage', () => {
  it('is the Kafka record: key, value, headers; the value only where it is wanted', () => {
    const full = logEventMessage(stored(ID));
    expect(full).toMatchObject({ key: ID, headers: { ce_sequence: '0000000000000000003' } });
    expect(Buffer.from(full.value ?? []).toString()).toBe('{"username":"ann"}');
    expect('value' in logEventMessage(stored(ID), true)).toBe(false);
  });
});
