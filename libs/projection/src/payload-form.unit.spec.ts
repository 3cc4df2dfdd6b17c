import { describe, expect, it } from '@jest/globals';
import { laneOf, type StoredEvent } from '@nova/events';
import { MessageCreatedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { decodeEvent, payloadFormsOf } from './index.ts';

const schema = MessageCreatedSchema;
const ROOM = '550e8400-e29b-41d4-a716-446655440000';
const eventType = 'message_created';

const stored = (payload: object): StoredEvent => ({
  position: { epoch: '0'.repeat(16), position: 1n },
  eventId: ROOM,
  eventType,
  schemaVersion: 1,
  aggregateType: 'conversation',
  aggregateId: ROOM,
  aggregateVersion: 1n,
  typeSequence: 1n,
  previous: {},
  lane: laneOf(ROOM),
  payload: new TextEncoder().encode(JSON.stringify(payload)),
  source: '/nova/spec',
  occurredAt: '2026-11-22T00:00:00.000000Z',
  storedAt: '2026-11-22T00:00:00.000000Z',
  annotations: {},
});

describe('what readers need of an event type', () => {
  it('are the fields of all of them, and everything where one does not say', () => {
    const forms = payloadFormsOf([
      { eventType, schema, fields: ['sender_id', 'content'] },
      { eventType, schema, fields: ['content', 'message_id'] },
      { eventType: 'other_type', schema, fields: ['content'] },
      { eventType: 'other_type', schema },
      { eventType: 'other_type', schema, fields: ['sender_id'] },
      { eventType: 'third_type', schema, fields: [] },
    ]);
    expect(forms.get(eventType)?.fields).toEqual(['content', 'message_id', 'sender_id']);
    expect(forms.get('other_type')).toEqual({ schema });
    expect(forms.get('third_type')?.fields).toEqual([]);
  });

  it('is all that is decoded: what nobody reads may hold anything', () => {
    const event = stored({ sender_id: ROOM, content: { text: 'of a later version' }, nonce: 7 });
    const { payload } = decodeEvent(event, { schema, fields: ['sender_id', 'message_id'] });
    expect(payload).toMatchObject({ senderId: ROOM });
    expect(payload).not.toHaveProperty('content');
    expect(payload).not.toHaveProperty('messageId');
    expect(() => decodeEvent(event, { schema })).toThrow('message_created');
    expect(() => decodeEvent(event, { schema, fields: ['content'] })).toThrow('message_created');
  });

  it.each(['[]', '7', '"text"', 'null'])('is not found in %s', (text) => {
    const event = { ...stored({}), payload: new TextEncoder().encode(text) };
    expect(() => decodeEvent(event, { schema, fields: ['content'] })).toThrow('message_created');
  });
});
