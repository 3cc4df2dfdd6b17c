import Ajv from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { isList, isMap, type Json, type JsonMap } from '../json.ts';
import { subschemasOf } from '../keywords.ts';
import { understood } from './understood.ts';

const NAMES = ['a', 'b', 'c'];
const TEXTS = ['', 'x', 'xy', 'xyz', 'xyzz'];
const ajv = new Ajv.Ajv2020({ strict: false, validateFormats: false, ownProperties: true });

/** Schemas of what the comparison says it judges. */
const { schema } = fc.letrec<{ schema: JsonMap; leaf: JsonMap }>((tie) => ({
  leaf: fc.oneof(
    fc.record(
      {
        type: fc.constantFrom('integer', 'number', ['integer', 'null'], ['number', 'string']),
        minimum: fc.integer({ min: -2, max: 2 }),
        maximum: fc.integer({ min: 1, max: 4 }),
        exclusiveMinimum: fc.integer({ min: -2, max: 2 }),
        exclusiveMaximum: fc.integer({ min: 1, max: 4 }),
        multipleOf: fc.constantFrom(1, 2, 4, 0.5),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        type: fc.constantFrom('string', ['string', 'boolean'], 'string'),
        minLength: fc.integer({ min: 0, max: 2 }),
        maxLength: fc.integer({ min: 1, max: 4 }),
        pattern: fc.constantFrom('^x', 'z$'),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({
      enum: fc.uniqueArray(fc.constantFrom<Json>(1, 2, 'x', null, true, 1.5), { minLength: 1 }),
    }),
    fc.constantFrom<JsonMap>(
      { type: 'boolean' },
      { type: 'null' },
      { const: 2 },
      {},
      { $ref: '#/$defs/d' },
    ),
  ),
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('leaf'),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 3 }),
        required: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 }),
        additionalProperties: fc.oneof(fc.boolean(), fc.constant(false), tie('schema')),
        minProperties: fc.integer({ min: 0, max: 2 }),
        maxProperties: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: ['type', 'properties'] },
    ),
    fc.record(
      {
        type: fc.constant('array'),
        prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        items: fc.oneof(tie('schema'), fc.constant(false)),
        minItems: fc.integer({ min: 0, max: 1 }),
        maxItems: fc.integer({ min: 0, max: 3 }),
        uniqueItems: fc.boolean(),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ type: fc.constant('string'), not: tie('leaf') }, { requiredKeys: ['type'] }),
  ),
}));

/** A document, and the same one with a part changed: changes that are understood are not rare then. */
const pair = fc
  .tuple(schema, schema, schema, fc.nat(), fc.nat())
  .map(([top, defined, other, at, how]) => {
    const definition = JSON.stringify(defined).includes('$ref') ? { type: 'integer' } : defined;
    const document = (it: JsonMap, d: JsonMap): JsonMap => ({ allOf: [it], $defs: { d } });
    const before = document(top, definition);
    const after = document(
      changed(top, other, at, how),
      how % 7 === 0 ? { type: 'number' } : definition,
    );
    return how % 2 === 0 ? { before, after } : { before: after, after: before };
  });

// Replaces, drops or adds a keyword somewhere.
function changed(top: JsonMap, other: JsonMap, at: number, how: number): JsonMap {
  const schemas: JsonMap[] = [];
  const gather = (value: Json): void => {
    if (!isMap(value)) return;
    schemas.push(value);
    for (const sub of subschemasOf(value)) gather(sub.schema);
  };
  gather(top);
  const target = schemas[at % schemas.length];
  const rebuild = (value: Json): Json => {
    if (isList(value)) return value.map(rebuild);
    if (!isMap(value)) return value;
    const entries = Object.entries(value);
    if (value !== target) return Object.fromEntries(entries.map(([k, v]) => [k, rebuild(v)]));
    const kept = entries.filter((_, index) => index !== how % entries.length);
    const { properties } = value;
    if (isMap(properties) && how % 5 === 0) {
      return { ...value, properties: { ...properties, [NAMES[how % 3] ?? 'a']: other } };
    }
    return how % 3 === 0
      ? Object.fromEntries(kept)
      : how % 3 === 1
        ? { anyOf: [value, other] }
        : other;
  };
  const made = rebuild(top);
  return isMap(made) ? made : {};
}

/** What readers go by: they ignore what they do not know, and take oneOf for anyOf. */
function readerOf({ $defs, ...rest }: JsonMap): JsonMap {
  const d = isMap($defs) ? ($defs['d'] ?? {}) : {};
  return { allOf: [tolerant(rest)], $defs: { d: tolerant(d), exact: d } };
}

function tolerant(value: Json): Json {
  if (isList(value)) return value.map(tolerant);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([word, held]) => !(word === 'additionalProperties' && held === false))
      .map(([word, held]) => [
        word === 'oneOf' ? 'anyOf' : word,
        word === 'not' ? exact(held) : tolerant(held),
      ]),
  );
}

// Whoever denied what is taken too widely would understand less, not more: also by reference.
function exact(leaf: Json): Json {
  return isMap(leaf) && '$ref' in leaf ? { $ref: '#/$defs/exact' } : leaf;
}

const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, false, -1, 0, 1, 2, 3, 4, 1.5, 0.5, ...TEXTS),
    fc.dictionary(fc.constantFrom(...NAMES, 'd'), tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

// Through JSON, as payloads come: with the prototype of objects.
const samples = fc
  .sample(value, { numRuns: 400, seed: 7 })
  .map((one) => JSON.parse(JSON.stringify(one)) as Json);

/** How much a run has shown. */
export interface Shown {
  /** Pairs of schemas that were called understood. */
  readonly proved: number;
  /** Values that were written by one and read by the other. */
  readonly judged: number;
}

/** Compares random schemas; throws where one is called understood and a value is not. */
export function everyProofHolds(numRuns: number): Shown {
  let proved = 0;
  let judged = 0;
  fc.assert(
    fc.property(pair, ({ before, after }) => {
      if (understood(before, after).length > 0) return;
      proved += 1;
      const writes = ajv.compile(before);
      const reads = ajv.compile(readerOf(after));
      for (const one of samples) {
        if (!writes(one)) continue;
        judged += 1;
        if (!reads(one)) throw new Error(`${JSON.stringify(one)} is written, but not understood`);
      }
    }),
    { numRuns },
  );
  return { proved, judged };
}
