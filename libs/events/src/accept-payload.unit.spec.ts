import { describe, expect, it } from '@jest/globals';
import { fromJson, type JsonObject, toJson } from '@nova/proto/runtime';
import fc from 'fast-check';
import { acceptPayload, MAX_PAYLOAD_BYTES } from './accept-payload.ts';
import { catalogue } from './catalogue.ts';
import { directConversationId, participantId } from './derived-ids.ts';
import type { EventType } from './event-type.ts';
import { ids, payloads } from './testing.ts';

const A = '550e8400-e29b-41d4-a716-446655440000';
const B = '0192f0c1-7a1e-7cc3-9c39-0d1c2b3a4f50';
const C = '11111111-1111-1111-1111-111111111111';
const MESSAGE = { message_id: A, sender_id: B, content: 'hello' };

function typeOf(name: string): EventType {
  const eventType = catalogue.get(name);
  if (eventType === undefined) throw new Error(`no type ${name}`);
  return eventType;
}

function accept(type: string, aggregateId: string, payload: JsonObject) {
  return acceptPayload(typeOf(type), { aggregateId, payload });
}

function parse(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}

function stored(type: string, aggregateId: string, payload: JsonObject): string {
  const accepted = accept(type, aggregateId, payload);
  if (!accepted.ok) throw new Error(JSON.stringify(accepted.violations));
  return new TextDecoder().decode(accepted.payload);
}

/** Each violation as "field description". */
function refusal(type: string, aggregateId: string, payload: JsonObject): string[] {
  const accepted = accept(type, aggregateId, payload);
  if (accepted.ok) throw new Error(`${type} was accepted`);
  return accepted.violations.map(({ field, description }) => `${field} ${description}`);
}

describe('acceptPayload', () => {
  it('stores any payload of any type once and for all: again accepted, it stays the same', () => {
    for (const eventType of catalogue.all()) {
      const given = fc.record({ id: ids(), payload: payloads(eventType) });
      fc.assert(
        fc.property(given, ({ id, payload }) => {
          const aggregateId = eventType.keyRule.kind === 'derived' ? '' : id;
          const own = eventType.keyRule.kind === 'field' ? { user_id: id } : {};
          const first = acceptPayload(eventType, { aggregateId, payload: { ...payload, ...own } });
          expect(first).toMatchObject({ ok: true });
          if (!first.ok) return;
          const json = parse(new TextDecoder().decode(first.payload));
          const again = { aggregateId: first.aggregateId, payload: json };
          expect(acceptPayload(eventType, again)).toEqual(first);
          const message = fromJson(eventType.message, json);
          expect(toJson(eventType.message, message, { useProtoFieldName: true })).toEqual(json);
        }),
        { numRuns: 15 },
      );
    }
  });

  it('writes fields in the order of the schema under their proto names', () => {
    const payload = {
      createdAt: '2024-01-01T00:00:00.5+02:00',
      content: 'x',
      senderId: A,
      message_id: B,
    };
    expect(stored('message_created', C, payload)).toBe(
      `{"message_id":"${B}","sender_id":"${A}","content":"x","created_at":"2023-12-31T22:00:00.500Z"}`,
    );
  });

  it('writes 64-bit integers as text, however they came', () => {
    for (const given of ['9007199254740993', '7', 7, 9007199254740991]) {
      const payload = { conversation_id: A, user_id: B, last_read_sequence: given };
      expect(JSON.parse(stored('message_read', '', payload))).toEqual({
        ...payload,
        last_read_sequence: String(given),
      });
    }
  });

  it('takes null as absent', () => {
    expect(stored('message_created', C, { ...MESSAGE, recipient_id: null })).toBe(
      JSON.stringify(MESSAGE),
    );
    expect(refusal('message_created', C, { ...MESSAGE, content: null })).toEqual([
      'payload.content is required',
    ]);
  });

  it('takes empty text and control characters other than NUL as data', () => {
    for (const content of ['', '\u0001\u001b[31m\u0002\u000f\u007f\r\n\t', '\ufffd\ufeff', '😀']) {
      expect(JSON.parse(stored('message_created', C, { ...MESSAGE, content }))).toEqual({
        ...MESSAGE,
        content,
      });
    }
  });

  it('takes keys with a meaning in the language as data', () => {
    const data = parse('{"__proto__":{"a":1},"constructor":"x","":[null]}');
    const payload = { user_id: A, kind: 'k', data };
    expect(JSON.parse(stored('notification_created', B, payload))).toEqual(payload);
    const preferences = parse('{"__proto__":"x","toString":"y"}');
    const text = stored('notification_preferences_changed', A, { preferences });
    expect(JSON.parse(text)).toEqual({ user_id: A, preferences });
  });

  it('reports every field that is wrong, by its path', () => {
    const payload: JsonObject = {
      message_id: A.toUpperCase(),
      contnt: 'x',
      message_type: 'Text',
      mentioned_user_ids: [A, 'you', 5],
      created_at: '2024-02-30T00:00:00Z',
      nonce: { a: 1 },
    };
    const uuid = 'must be a UUID in canonical form (lower case, 8-4-4-4-12, not nil)';
    expect(refusal('message_created', C, payload)).toEqual([
      'payload.contnt is not a field of message_created; the nearest is content',
      `payload.message_id ${uuid}: ${A}`,
      'payload.message_type must be one of text, image, file, system, encrypted; given was "Text"',
      `payload.mentioned_user_ids[1] ${uuid}`,
      'payload.mentioned_user_ids[2] must be text; given was 5',
      'payload.nonce must be text; given was a map',
      'payload.created_at must be a time in RFC 3339, such as 2026-01-31T12:00:00Z; given was "2024-02-30T00:00:00Z"',
      'payload.sender_id is required',
      'payload.content is required',
    ]);
  });

  it.each<[string, JsonObject, string]>([
    [
      'NUL in a text',
      { content: 'a\u0000b' },
      'payload.content must not contain the character NUL (U+0000)',
    ],
    [
      'NUL in a key',
      { 'a\u0000': 1 },
      'payload["a\\u0000"] must not contain the character NUL (U+0000)',
    ],
    [
      'a lone surrogate',
      { content: '\ud800' },
      'payload.content must not contain a lone surrogate',
    ],
    [
      'a lone surrogate in a key',
      { '\udfff': 1 },
      'payload["\\udfff"] must not contain a lone surrogate',
    ],
    ['NaN', { content: Number.NaN }, 'payload.content must be a finite number'],
    ['infinity', { content: Number.NEGATIVE_INFINITY }, 'payload.content must be a finite number'],
    [
      'an integer beyond 2^53',
      { content: [2 ** 53] },
      'payload.content[0] must not be a number beyond 2^53 - 1; write larger integers as text',
    ],
    ['a key of many words', { 'a b.c': 1 }, 'payload["a b.c"] is not a field of message_created'],
    [
      'a field in both spellings',
      { messageId: A },
      'payload.message_id is given twice, in both spellings',
    ],
    [
      'a list where text belongs',
      { content: ['x'] },
      'payload.content must be text; given was a list',
    ],
    [
      'text where a list belongs',
      { mentioned_user_ids: A },
      `payload.mentioned_user_ids must be a list of texts; given was "${A}"`,
    ],
    [
      'the nil UUID',
      { sender_id: '00000000-0000-0000-0000-000000000000' },
      'payload.sender_id must be a UUID in canonical form (lower case, 8-4-4-4-12, not nil)',
    ],
  ])('refuses %s', (_, wrong, violation) => {
    expect(refusal('message_created', C, { ...MESSAGE, ...wrong })).toEqual([violation]);
  });

  it.each<[string, string, JsonObject, string]>([
    [
      'text for a boolean',
      'user_created',
      { username: 'a', is_verified: 'true' },
      'payload.is_verified must be true or false; given was "true"',
    ],
    [
      'a fraction for an integer',
      'task_completed',
      { user_id: A, actual_minutes: 1.5 },
      'payload.actual_minutes must be an integer of 32 bits; given was 1.5',
    ],
    [
      'text for a 32-bit integer',
      'task_completed',
      { user_id: A, actual_minutes: '1' },
      'payload.actual_minutes must be an integer of 32 bits; given was "1"',
    ],
    [
      'an integer beyond 32 bits',
      'task_completed',
      { user_id: A, actual_minutes: 2 ** 31 },
      'payload.actual_minutes must be an integer of 32 bits; given was 2147483648',
    ],
    [
      'a negative duration',
      'task_completed',
      { user_id: A, actual_minutes: -1 },
      'payload.actual_minutes must not be below 0',
    ],
    [
      'text for a double',
      'relation_created',
      { relation_id: A, target_id: B, relation_type: 'extends', strength: 'NaN' },
      'payload.strength must be a number; given was "NaN"',
    ],
    [
      'a 64-bit integer beyond its range',
      'user_updated',
      { info_ver: '9223372036854775808' },
      'payload.info_ver must be an integer of 64 bits; given was "9223372036854775808"',
    ],
    [
      'a 64-bit integer with a leading zero',
      'user_updated',
      { info_ver: '07' },
      'payload.info_ver must be an integer of 64 bits; given was "07"',
    ],
    [
      'a number for a time',
      'user_updated',
      { updated_at: 0 },
      'payload.updated_at must be a time in RFC 3339, such as 2026-01-31T12:00:00Z; given was 0',
    ],
    [
      'a list for a map',
      'notification_created',
      { user_id: A, kind: 'k', data: [] },
      'payload.data must be a map; given was a list',
    ],
  ])('refuses %s', (_, type, payload, violation) => {
    expect(refusal(type, C, payload)).toEqual([violation]);
  });

  it('refuses a mastery outside 0 to 1', () => {
    const payload = { node_id: A, mastery_delta: 0.1, revision: 1 };
    expect(accept('mastery_updated', C, { ...payload, mastery: 1 }).ok).toBe(true);
    expect(refusal('mastery_updated', C, { ...payload, mastery: 1.01 })).toEqual([
      'payload.mastery must not be above 1',
    ]);
  });

  it('refuses values of a map that are not text, by their key', () => {
    const payload = { preferences: { quiet: true, 'odd key': 1 } };
    expect(refusal('notification_preferences_changed', A, payload)).toEqual([
      'payload.preferences.quiet must be text; given was true',
      'payload.preferences["odd key"] must be text; given was 1',
    ]);
  });

  it('refuses the 501st first member', () => {
    const members = Array.from(
      { length: 501 },
      (_, index) => A.slice(0, -4) + String(1000 + index),
    );
    const payload = { kind: 'group', creator_id: B };
    expect(accept('conversation_created', C, { ...payload, member_ids: members.slice(1) }).ok).toBe(
      true,
    );
    expect(refusal('conversation_created', C, { ...payload, member_ids: members })).toEqual([
      'payload.member_ids must not have more than 500 entries; given were 501',
    ]);
  });

  it('refuses nesting above 32, the payload itself being the first level', () => {
    const nested = (levels: number): JsonObject => (levels === 0 ? {} : { a: nested(levels - 1) });
    const payload = { user_id: A, kind: 'k' };
    // Level 1 is the payload, level 2 its data.
    expect(accept('notification_created', B, { ...payload, data: nested(30) }).ok).toBe(true);
    expect(refusal('notification_created', B, { ...payload, data: nested(31) })).toEqual([
      `payload.data${'.a'.repeat(31)} must not be nested more than 32 levels deep`,
    ]);
  });

  it('refuses a payload above 256 KiB, counted as it is stored', () => {
    const rest = JSON.stringify({ ...MESSAGE, content: '' }).length;
    const room = MAX_PAYLOAD_BYTES - rest;
    const content = `é${'x'.repeat(room - 2)}`;
    expect(accept('message_created', C, { ...MESSAGE, content }).ok).toBe(true);
    expect(refusal('message_created', C, { ...MESSAGE, content: `${content}x` })).toEqual([
      `payload must not exceed 262144 bytes; given were 262145`,
    ]);
  });

  it('stops gathering at 20 violations', () => {
    const payload = { ...MESSAGE, mentioned_user_ids: Array.from({ length: 100 }, () => 'x') };
    expect(refusal('message_created', C, payload)).toHaveLength(20);
  });
});

describe('the aggregate id', () => {
  it.each([
    '',
    'x',
    A.toUpperCase(),
    `{${A}}`,
    A.replaceAll('-', ''),
    '00000000-0000-0000-0000-000000000000',
  ])('is refused when it is %j', (id) => {
    const [first, ...more] = refusal('message_created', id, MESSAGE);
    expect(first).toMatch(
      id === '' ? /^aggregate_id is required$/ : /^aggregate_id must be a UUID/,
    );
    expect(more).toEqual([]);
  });

  it('is reported beside a payload that cannot be stored', () => {
    expect(refusal('message_created', 'x', { ...MESSAGE, content: '\u0000' })).toHaveLength(2);
  });

  it('is derived from the payload where it is left out, and refused where it differs', () => {
    const payload = { conversation_id: A, user_id: B, last_read_sequence: '1' };
    const id = participantId(A, B);
    expect(accept('message_read', '', payload)).toMatchObject({ ok: true, aggregateId: id });
    expect(accept('message_read', id, payload)).toMatchObject({ ok: true, aggregateId: id });
    expect(refusal('message_read', C, payload)).toEqual([
      `aggregate_id must be ${id}, the id derived from conversation_id and user_id`,
    ]);
    expect(refusal('message_read', '', { last_read_sequence: '1', user_id: B })).toEqual([
      'payload.conversation_id is required',
    ]);
  });

  it('fills the field that equals it, gives way to it, and must equal it', () => {
    const own = { user_id: A };
    expect(stored('subject_erased', A, {})).toBe(JSON.stringify(own));
    expect(accept('subject_erased', '', own)).toMatchObject({ ok: true, aggregateId: A });
    expect(refusal('subject_erased', B, own)).toEqual([
      `payload.user_id must equal the aggregate id ${B}`,
    ]);
    expect(refusal('subject_erased', '', {})).toEqual(['payload.user_id is required']);
  });

  it('of a direct conversation is the one derived from its two members, in either order', () => {
    const id = directConversationId(A, B);
    const byA = { kind: 'direct', creator_id: A, member_ids: [B] };
    const byB = { kind: 'direct', creator_id: B, member_ids: [A, B, A] };
    for (const payload of [byA, byB]) {
      expect(accept('conversation_created', '', payload)).toMatchObject({
        ok: true,
        aggregateId: id,
      });
      expect(accept('conversation_created', id, payload).ok).toBe(true);
      expect(refusal('conversation_created', C, payload)).toEqual([
        `aggregate_id must be ${id}, the id derived from the two members`,
      ]);
    }
  });

  it.each([
    ['nobody else', []],
    ['the creator alone', [A]],
    ['two others', [B, C]],
  ])('does not exist for a direct conversation with %s', (_, members) => {
    const payload = { kind: 'direct', creator_id: A, member_ids: members };
    for (const id of ['', C]) {
      expect(refusal('conversation_created', id, payload)).toEqual([
        'payload.member_ids must name exactly one user besides the creator, because the conversation is direct',
      ]);
    }
  });

  it('of a group conversation is free, but needed', () => {
    const payload = { kind: 'group', creator_id: A, member_ids: [B] };
    expect(accept('conversation_created', C, payload).ok).toBe(true);
    expect(refusal('conversation_created', '', payload)).toEqual(['aggregate_id is required']);
  });
});
