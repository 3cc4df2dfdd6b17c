import { describe, expect, it } from '@jest/globals';
import { isCanonicalUuid, requestEventId } from '@nova/events';
import { acceptBatch } from './accept-batch.ts';
import { type Arrival, acceptEvent, type GivenEvent } from './accept-event.ts';
import { ownTypes } from './known-types.ts';
import { Violations } from './violations.ts';

const NOW = new Date('2026-11-21T12:00:00.000Z');
const AGGREGATE = '550e8400-e29b-41d4-a716-446655440000';
const MESSAGE = '7d5a0f1e-8c3b-4b61-9a52-0d6c2f1b7e11';
const SENDER = '11111111-2222-4333-8444-555555555555';

const arrival: Arrival = {
  types: ownTypes,
  now: NOW,
  source: '/nova/dev',
  trace: { correlationId: 'c-1', traceparent: '00-1-2-01' },
  key: undefined,
};

const given: GivenEvent = {
  eventType: 'message_created',
  aggregateId: AGGREGATE,
  aggregateType: '',
  payload: { message_id: MESSAGE, sender_id: SENDER, content: 'hello' },
  eventId: '',
  correlationId: '',
  causationId: '',
  metadata: {},
};

function accept(changes: Partial<GivenEvent>, prefix = '', arriving = arrival) {
  const violations = new Violations();
  const accepted = acceptEvent(
    { ...given, ...changes },
    arriving,
    { prefix, index: 3 },
    violations,
  );
  return { accepted, fields: violations.all.map(({ field }) => field), all: violations.all };
}

const seconds = (iso: string, nanos = 0) => ({
  $typeName: 'google.protobuf.Timestamp' as const,
  seconds: BigInt(Date.parse(iso) / 1000),
  nanos,
});

describe('acceptEvent', () => {
  it('derives the aggregate type and gives a new id', () => {
    const { accepted } = accept({});
    expect(accepted?.event).toMatchObject({
      eventType: 'message_created',
      aggregateType: 'conversation',
      aggregateId: AGGREGATE,
      source: '/nova/dev',
      eventIdGiven: false,
      annotations: { correlationId: 'c-1', traceparent: '00-1-2-01' },
    });
    expect(isCanonicalUuid(accepted?.event.eventId ?? '')).toBe(true);
    expect(accepted?.event.occurredAt).toBeUndefined();
    expect(accepted?.alias).toBeUndefined();
  });

  it('names the alias it was given', () => {
    const { accepted } = accept({ eventType: 'message.sent' });
    expect(accepted?.event.eventType).toBe('message_created');
    expect(accepted?.alias).toBe('message.sent');
  });

  it('derives the id from the request, as one that may come back', () => {
    const key = { principal: 'dev', method: 'a.B/C', requestId: MESSAGE };
    const { accepted } = accept({}, '', { ...arrival, key });
    expect(accepted?.event.eventId).toBe(requestEventId('dev', 'a.B/C', MESSAGE, 3));
    expect(accepted?.event.eventIdGiven).toBe(true);
  });

  it('keeps empty text and control characters as data', () => {
    for (const content of ['', 'bell \u0007 and \u001b[31m', 'tab\tline\nend', '\u007f\u0080']) {
      const payload = { message_id: MESSAGE, sender_id: SENDER, content };
      const { accepted } = accept({ payload });
      expect(JSON.parse(Buffer.from(accepted?.event.payload ?? []).toString())).toMatchObject({
        content,
      });
    }
  });

  it('names the nearest type of an unknown one', () => {
    const { accepted, all } = accept({ eventType: 'mesage_created' });
    expect(accepted).toBeUndefined();
    expect(all[0]?.field).toBe('event_type');
    expect(all[0]?.description).toContain('message_created');
  });

  it.each<[string, Partial<GivenEvent>, string]>([
    ['no type', { eventType: '' }, 'event_type'],
    ['a type that is a path', { eventType: '../x' }, 'event_type'],
    ['a type of 300 characters', { eventType: 'x'.repeat(300) }, 'event_type'],
    ['a look-alike', { eventType: 'mess\u0430ge_created' }, 'event_type'],
    ['another aggregate type', { aggregateType: 'user' }, 'aggregate_type'],
    ['no aggregate id', { aggregateId: '' }, 'aggregate_id'],
    ['upper case', { aggregateId: AGGREGATE.toUpperCase() }, 'aggregate_id'],
    ['braces', { aggregateId: `{${AGGREGATE}}` }, 'aggregate_id'],
    ['the nil UUID', { aggregateId: '00000000-0000-0000-0000-000000000000' }, 'aggregate_id'],
    ['no payload field', { payload: {} }, 'payload.message_id'],
    ['an unknown field', { payload: { ...given.payload, extra: 1 } }, 'payload.extra'],
    ['a wrong type', { payload: { ...given.payload, content: 7 } }, 'payload.content'],
    ['NUL', { payload: { ...given.payload, content: 'a\0b' } }, 'payload.content'],
    ['half a surrogate', { payload: { ...given.payload, content: 'a\ud800' } }, 'payload.content'],
    ['NaN', { payload: { ...given.payload, content: Number.NaN } }, 'payload.content'],
    ['a number above 2^53', { payload: { ...given.payload, content: 2 ** 53 } }, 'payload.content'],
    [
      'a value too large',
      { payload: { ...given.payload, content: 'x'.repeat(262_144) } },
      'payload',
    ],
    ['an event id with braces', { eventId: `{${MESSAGE}}` }, 'event_id'],
    ['a correlation id with a line feed', { correlationId: 'a\nb' }, 'correlation_id'],
    ['a long causation id', { causationId: 'x'.repeat(256) }, 'causation_id'],
    [
      '17 metadata keys',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) },
      'metadata',
    ],
    ['metadata above 4 KiB', { metadata: { k: 'x'.repeat(4096) } }, 'metadata'],
    ['NUL in metadata', { metadata: { k: '\0' } }, 'metadata["k"]'],
    ['an empty metadata key', { metadata: { '': 'v' } }, 'metadata'],
    ['a time 6 minutes ahead', { occurredAt: seconds('2026-11-21T12:06:00Z') }, 'occurred_at'],
    ['a time before 1970', { occurredAt: seconds('1969-12-31T23:59:59Z') }, 'occurred_at'],
    ['negative nanos', { occurredAt: seconds('2026-11-21T12:00:00Z', -1) }, 'occurred_at'],
    [
      'a year above 9999',
      { occurredAt: { ...seconds('2026-11-21T12:00:00Z'), seconds: 253_402_300_800n } },
      'occurred_at',
    ],
    ['an expiry in the past', { expiresAt: seconds('2026-11-21T12:00:00Z') }, 'expires_at'],
  ])('refuses %s with its path', (_, changes, field) => {
    const { accepted, fields } = accept(changes);
    expect(accepted).toBeUndefined();
    expect(fields).toContain(field);
    expect(accept(changes, 'events[3]').fields).toContain(`events[3].${field}`);
  });

  it('refuses nesting above 32 levels', () => {
    let nested: Record<string, never> | { n: unknown } = {};
    for (let level = 0; level < 40; level += 1) nested = { n: nested };
    // A value of any shape, which the type of the payload cannot say here.
    const payload = { ...given.payload, content: nested } as GivenEvent['payload'];
    expect(accept({ payload }).fields[0]).toMatch(/^payload\.content/);
  });

  it('takes a time up to 5 minutes ahead and keeps microseconds', () => {
    const { accepted } = accept({ occurredAt: seconds('2026-11-21T12:04:59Z', 123_456_789) });
    expect(accepted?.event.occurredAt).toBe('2026-11-21T12:04:59.123456Z');
  });

  it('reports everything that is wrong at once', () => {
    const { fields } = accept({ aggregateType: 'user', eventId: 'x', causationId: '\n' });
    expect(fields.sort()).toEqual(['aggregate_type', 'causation_id', 'event_id']);
  });
});

describe('acceptBatch', () => {
  const batch = (events: readonly GivenEvent[], mayBeEmpty = false) => {
    const violations = new Violations();
    const accepted = acceptBatch(events, arrival, violations, { mayBeEmpty });
    return { accepted, violations: violations.all };
  };

  it('takes 1 to 500 events, or none where that is allowed', () => {
    expect(batch([given]).accepted).toHaveLength(1);
    expect(batch([]).violations[0]?.field).toBe('events');
    expect(batch([], true).violations).toEqual([]);
    expect(batch(Array.from({ length: 501 }, () => given)).violations[0]?.field).toBe('events');
  });

  it('refuses more than 1 MiB together', () => {
    const payload = { ...given.payload, content: 'x'.repeat(250_000) };
    const events = Array.from({ length: 5 }, () => ({ ...given, payload }));
    expect(batch(events).violations.map(({ field }) => field)).toEqual(['events']);
  });

  it('refuses an event id that occurs twice', () => {
    const { violations } = batch([
      { ...given, eventId: MESSAGE },
      given,
      { ...given, eventId: MESSAGE },
    ]);
    expect(violations).toEqual([
      { field: 'events[2].event_id', description: 'is that of events[0]' },
    ]);
  });

  it('names at most 20 wrong fields', () => {
    const events = Array.from({ length: 50 }, () => ({ ...given, aggregateId: 'x' }));
    expect(batch(events).violations).toHaveLength(20);
  });
});
