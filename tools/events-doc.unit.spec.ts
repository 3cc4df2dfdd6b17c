import { describe, expect, it } from '@jest/globals';
import { acceptPayload, catalogue, type EventType, eventSchema } from '@nova/events';
import { ids, payloads } from '@nova/events/testing';
import type { JsonObject } from '@nova/proto/runtime';
import Ajv from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { protoComments } from './proto-image.ts';

const comments = protoComments();
const ajv = new Ajv.Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false });

const cases = catalogue.all().map((eventType) => ({
  type: eventType.type,
  eventType,
  validate: ajv.compile(eventSchema(eventType, comments)),
}));

function stored(eventType: EventType, id: string, payload: JsonObject): JsonObject {
  const aggregateId = eventType.keyRule.kind === 'derived' ? '' : id;
  const own = eventType.keyRule.kind === 'field' ? { user_id: id } : {};
  const accepted = acceptPayload(eventType, { aggregateId, payload: { ...payload, ...own } });
  if (!accepted.ok) throw new Error(JSON.stringify(accepted.violations));
  return JSON.parse(new TextDecoder().decode(accepted.payload)) as JsonObject;
}

describe('the JSON Schema', () => {
  it.each(cases)('of $type holds for whatever is stored', ({ eventType, validate }) => {
    fc.assert(
      fc.property(ids(), payloads(eventType), (id, payload) => {
        validate(stored(eventType, id, payload));
        expect(validate.errors ?? []).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it.each(cases)('of $type holds for no other field and without no required one', (each) => {
    const { eventType, validate } = each;
    const [sample = {}] = fc.sample(payloads(eventType), { numRuns: 1, seed: 1 });
    const [id = ''] = fc.sample(ids(), { numRuns: 1, seed: 1 });
    const json = stored(eventType, id, sample);
    expect(validate({ ...json, no_such_field: 1 })).toBe(false);
    for (const { name } of eventType.fields.filter(({ required }) => required)) {
      const { [name]: _, ...rest } = json;
      expect(validate(rest)).toBe(false);
    }
  });

  it.each(cases)('of $type holds after its personal fields were erased', (each) => {
    const { eventType, validate } = each;
    const personal = eventType.fields.filter((field) => field.personal);
    const erased = Object.fromEntries(personal.map(({ name }) => [name, null]));
    const [sample = {}] = fc.sample(payloads(eventType), { numRuns: 1, seed: 2 });
    const [id = ''] = fc.sample(ids(), { numRuns: 1, seed: 2 });
    expect(validate({ ...stored(eventType, id, sample), ...erased })).toBe(true);
  });

  it('takes its descriptions from the proto files', () => {
    for (const { eventType } of cases) {
      expect(comments.get(eventType.message.typeName)).toMatch(/\.$/);
    }
    expect(comments.get('messaging.MessageCreated.content')).toBe('May be empty.');
  });
});
