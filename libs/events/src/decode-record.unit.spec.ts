import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { annotationsFromJson, annotationsToJson } from './annotations.ts';
import { catalogue } from './catalogue.ts';
import { decodeRecord, type RawHeaders } from './decode-record.ts';
import { laneOf, partitionOf } from './lanes.ts';
import { recordHeaders } from './record-headers.ts';
import type { StoredEvent } from './stored-event.ts';

const PAYLOAD = new TextEncoder().encode('{"content":"é"}');
const ID = '550e8400-e29b-41d4-a716-446655440000';

const EVENT: StoredEvent = {
  position: { epoch: '0f3c-9a', position: 42n },
  eventId: '0192f0c1-7a1e-7cc3-9c39-0d1c2b3a4f50',
  eventType: 'message_created',
  schemaVersion: 1,
  aggregateType: 'conversation',
  aggregateId: ID,
  aggregateVersion: 12n,
  typeSequence: 3n,
  previous: { message_created: 11n, conversation_created: 1n, member_added: 2n },
  lane: laneOf(ID),
  payload: PAYLOAD,
  source: '/nova/dev',
  tenant: 'acme',
  occurredAt: '2026-01-31T12:00:00.000001Z',
  storedAt: '2026-01-31T12:00:00.000002Z',
  annotations: {
    correlationId: 'c-1',
    causationId: 'c-2',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tracestate: 'a=b',
    expiresAt: '2026-02-01T00:00:00Z',
    metadata: { z: 'ü', a: '' },
  },
};

const HEADERS = recordHeaders(EVENT);

function decode(headers: RawHeaders, { topic = 'nova_events_message_created', key = ID } = {}) {
  return decodeRecord(topic, partitionOf(key, 8), key, PAYLOAD, headers, 8);
}

describe('recordHeaders', () => {
  it('are exactly those of the conventions', () => {
    expect(HEADERS).toEqual({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: EVENT.eventId,
      ce_source: '/nova/dev',
      ce_type: 'message_created',
      ce_time: '2026-01-31T12:00:00.000001Z',
      ce_subject: `conversation/${ID}`,
      ce_dataschema: 'nova:message_created:1',
      ce_sequence: '0000000000000000012',
      ce_novatypesequence: '3',
      ce_novaprevious: 'conversation_created=1,member_added=2,message_created=11',
      ce_novaposition: '0f3c-9a-0000000000000000042',
      ce_novastoredat: '2026-01-31T12:00:00.000002Z',
      ce_novaexpiresat: '2026-02-01T00:00:00Z',
      ce_novametadata: '{"a":"","z":"ü"}',
      ce_novatenant: 'acme',
      ce_correlationid: 'c-1',
      ce_causationid: 'c-2',
      ce_traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      ce_tracestate: 'a=b',
    });
  });

  it('leave out what is not there', () => {
    const { tenant: _, ...rest } = EVENT;
    const first = { ...rest, previous: {}, annotations: { metadata: {} } };
    const names = Object.keys(recordHeaders(first));
    expect(names).not.toContain('ce_novaprevious');
    expect(names).not.toContain('ce_novatenant');
    expect(names).not.toContain('ce_novametadata');
    expect(names).toHaveLength(12);
  });

  it('name the previous types in their order, however many there are', () => {
    const types = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/), { maxLength: 32 });
    fc.assert(
      fc.property(types, (names) => {
        const previous = Object.fromEntries(names.map((name) => [name, 1n]));
        const { ce_novaprevious = '' } = recordHeaders({ ...EVENT, previous });
        const ordered = names.toSorted().map((name) => `${name}=1`);
        expect(ce_novaprevious).toBe(ordered.join(','));
      }),
    );
  });
});

describe('decodeRecord', () => {
  it('reads what recordHeaders wrote, from texts and from bytes', () => {
    const bytes = Object.fromEntries(
      Object.entries(HEADERS).map(([name, text]) => [name, Buffer.from(text)]),
    );
    for (const headers of [HEADERS, bytes]) {
      const decoded = decode({ ...headers, traceparent: 'hop', ce_novareplay: 'why', other: [''] });
      expect(decoded).toEqual({ ok: true, event: EVENT });
    }
  });

  it('reads any history of an aggregate', () => {
    const types = catalogue.all().filter(({ aggregateType }) => aggregateType === 'conversation');
    const history = fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(history, fc.uuid(), (eventTypes, aggregateId) => {
        const previous: Record<string, bigint> = {};
        const counts: Record<string, bigint> = {};
        eventTypes.forEach(({ type, topic }, index) => {
          const typeSequence = (counts[type] ?? 0n) + 1n;
          const aggregateVersion = BigInt(index + 1);
          const event: StoredEvent = {
            ...EVENT,
            eventType: type,
            aggregateId,
            lane: laneOf(aggregateId),
            aggregateVersion,
            typeSequence,
            previous: { ...previous },
          };
          const partition = partitionOf(aggregateId, 8);
          const headers = recordHeaders(event);
          const key = Buffer.from(aggregateId);
          expect(decodeRecord(topic, partition, key, PAYLOAD, headers)).toEqual({
            ok: true,
            event,
          });
          counts[type] = typeSequence;
          previous[type] = aggregateVersion;
        });
      }),
      { numRuns: 20 },
    );
  });

  it('reads a type that this catalogue does not know yet', () => {
    const headers = recordHeaders({
      ...EVENT,
      eventType: 'order_placed',
      aggregateType: 'order',
      aggregateVersion: 1n,
      typeSequence: 1n,
      previous: {},
    });
    expect(decode(headers, { topic: 'nova_events_order_placed' }).ok).toBe(true);
  });

  const REQUIRED = Object.keys(recordHeaders({ ...EVENT, previous: {}, annotations: {} })).filter(
    (name) => name !== 'ce_novatenant',
  );
  it.each(REQUIRED)('sets a record without %s aside', (name) => {
    const { [name]: _, ...rest } = HEADERS;
    expect(decode(rest)).toEqual({ ok: false, reason: `header ${name} is missing` });
    const malformed = { ok: false, reason: `header ${name} is malformed` };
    expect(decode({ ...HEADERS, [name]: '' })).toEqual(malformed);
    expect(decode({ ...HEADERS, [name]: [HEADERS[name] ?? ''] })).toEqual({
      ok: false,
      reason: `header ${name} is repeated`,
    });
    expect(decode({ ...HEADERS, [name]: new Uint8Array([0xff]) })).toEqual({
      ok: false,
      reason: `header ${name} is not UTF-8`,
    });
  });

  it.each([
    ['content-type', 'text/plain', 'malformed'],
    ['ce_specversion', '0.3', 'malformed'],
    ['ce_id', EVENT.eventId.toUpperCase(), 'malformed'],
    ['ce_source', 'nova/dev', 'malformed'],
    ['ce_time', '2026-01-31T13:00:00+01:00', 'malformed'],
    ['ce_sequence', '12', 'malformed'],
    ['ce_sequence', '0000000000000000000', 'malformed'],
    ['ce_sequence', '9999999999999999999', 'malformed'],
    ['ce_novatypesequence', '0', 'malformed'],
    ['ce_novatypesequence', '03', 'malformed'],
    ['ce_novaprevious', 'message_created=11,conversation_created=1', 'malformed'],
    ['ce_novaprevious', 'message_created=11,message_created=11', 'malformed'],
    ['ce_novaprevious', 'message_created=0', 'malformed'],
    ['ce_novaposition', '0f3c-42', 'malformed'],
    ['ce_novaexpiresat', 'soon', 'malformed'],
    ['ce_novametadata', '{"a":1}', 'malformed'],
    ['ce_novametadata', '[]', 'malformed'],
  ])('sets a record with %s %j aside', (name, text, how) => {
    expect(decode({ ...HEADERS, [name]: text })).toEqual({
      ok: false,
      reason: `header ${name} is ${how}`,
    });
  });

  it.each<[string, RawHeaders, string]>([
    [
      'another type than the topic',
      { ce_type: 'message_edited' },
      'header ce_type does not belong to the topic',
    ],
    [
      'another key',
      { ce_subject: `conversation/${EVENT.eventId}` },
      'header ce_subject does not name the key',
    ],
    [
      'another aggregate type',
      { ce_subject: `user/${ID}` },
      'header ce_subject does not have the aggregate type of the event type',
    ],
    [
      "another type's schema",
      { ce_dataschema: 'nova:message_edited:1' },
      'header ce_dataschema is of another event type',
    ],
    [
      'a gap before it',
      { ce_sequence: '0000000000000000013' },
      'header ce_novaprevious contradicts ce_sequence',
    ],
    [
      'no predecessors',
      { ce_novaprevious: undefined },
      'header ce_novaprevious contradicts ce_sequence',
    ],
    [
      'itself before it',
      { ce_novaprevious: 'member_added=11,message_created=12' },
      'header ce_novaprevious contradicts ce_sequence',
    ],
    [
      'two events of one version',
      { ce_novaprevious: 'member_added=11,message_created=11' },
      'header ce_novaprevious contradicts ce_sequence',
    ],
    [
      'a first event of its type after another',
      { ce_novatypesequence: '1' },
      'header ce_novatypesequence contradicts ce_novaprevious',
    ],
    [
      'more events of its type than versions',
      { ce_novatypesequence: '13' },
      'header ce_novatypesequence contradicts ce_novaprevious',
    ],
  ])('sets a record with %s aside', (_, changed, reason) => {
    expect(decode({ ...HEADERS, ...changed })).toEqual({ ok: false, reason });
  });

  it('sets a record in the wrong partition aside', () => {
    const foreign = { ok: false, reason: 'the partition is not that of the key' };
    const partition = partitionOf(ID, 8);
    const topic = 'nova_events_message_created';
    expect(decodeRecord(topic, (partition + 1) % 8, ID, PAYLOAD, HEADERS, 8)).toEqual(foreign);
    expect(decodeRecord(topic, 64, ID, PAYLOAD, HEADERS)).toEqual(foreign);
  });

  it('sets a record without a key or a value aside', () => {
    const topic = 'nova_events_message_created';
    expect(decodeRecord(topic, 0, null, PAYLOAD, HEADERS).ok).toBe(false);
    expect(decodeRecord(topic, 0, new Uint8Array([0xff]), PAYLOAD, HEADERS).ok).toBe(false);
    expect(decodeRecord(topic, partitionOf(ID, 8), ID, null, HEADERS).ok).toBe(false);
  });

  it('never throws, whatever the headers', () => {
    const names = fc.constantFrom(...Object.keys(HEADERS));
    const values = fc.oneof(fc.string(), fc.uint8Array(), fc.constant(undefined));
    fc.assert(
      fc.property(
        fc.dictionary(names, values),
        fc.string(),
        fc.nat(),
        (changed, key, partition) => {
          const headers = { ...HEADERS, ...changed };
          const decoded = decodeRecord(
            'nova_events_message_created',
            partition,
            key,
            PAYLOAD,
            headers,
          );
          expect(decoded.ok).toBe(false);
        },
      ),
    );
  });
});

describe('annotationsFromJson', () => {
  it('reads what annotationsToJson wrote', () => {
    const text = fc.string({ unit: 'grapheme' });
    const annotations = fc.record(
      {
        correlationId: text,
        causationId: text,
        metadata: fc.dictionary(text, text, { minKeys: 1 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(annotations, (given) => {
        expect(annotationsFromJson(annotationsToJson(given))).toEqual(given);
      }),
    );
  });
});
