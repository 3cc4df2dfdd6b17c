/**
 * For specs: payloads of any event type, made from its schema, so that whatever handles events can
 * be tried with all of them.
 */
import type { JsonObject, JsonValue } from '@nova/proto/runtime';
import fc from 'fast-check';
import type { EventField, EventType } from './event-type.ts';
import type { FieldForm } from './field-form.ts';

/** Any aggregate id or other id of nova. */
export function ids(): fc.Arbitrary<string> {
  return fc.uuid();
}

/**
 * Payloads that are accepted under their own aggregate id (left out, or made by {@link ids} where
 * the type has no rule for it). Direct conversations are not among them.
 */
export function payloads(eventType: EventType): fc.Arbitrary<JsonObject> {
  const shape = Object.fromEntries(eventType.fields.map((field) => [field.name, valuesOf(field)]));
  const requiredKeys = eventType.fields.filter(({ required }) => required).map(({ name }) => name);
  return fc.record(shape, { requiredKeys });
}

/** Some of {@link payloads}: always the same. */
export function samplePayloads(eventType: EventType, count: number): readonly JsonObject[] {
  return fc.sample(payloads(eventType), { seed: 20_261_122, numRuns: count });
}

// Anything but NUL, which no payload may hold.
const texts = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((text) => text.replaceAll('\u0000', '').toWellFormed());

const FORMS: Readonly<Record<FieldForm, (field: EventField) => fc.Arbitrary<JsonValue>>> = {
  text: textOf,
  truth: () => fc.boolean(),
  integer: ({ minimum, maximum }) =>
    fc.integer({ min: minimum ?? -(2 ** 31), max: maximum ?? 2 ** 31 - 1 }),
  long: ({ minimum }) =>
    fc.bigInt({ min: BigInt(minimum ?? -(2 ** 40)), max: 2n ** 63n - 1n }).map(String),
  number: ({ minimum, maximum }) =>
    fc.double({ min: minimum ?? -1e9, max: maximum ?? 1e9, noNaN: true }),
  time: () =>
    fc
      .date({
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59Z'),
        noInvalidDate: true,
      })
      .map((date) => date.toISOString()),
  texts: (field) => fc.array(textOf(field), { maxLength: 5 }),
  text_map: (field) => fc.dictionary(texts, textOf(field), { maxKeys: 5 }),
  json: () =>
    fc.dictionary(texts, fc.oneof(texts, fc.boolean(), fc.constant(null), fc.integer()), {
      maxKeys: 5,
    }),
};

function valuesOf(field: EventField): fc.Arbitrary<JsonValue> {
  return FORMS[field.form](field);
}

function textOf({ uuid, values }: EventField): fc.Arbitrary<string> {
  if (uuid) return ids();
  const allowed = values.filter((value) => value !== 'direct');
  return allowed.length === 0 ? texts : fc.constantFrom(...allowed);
}
