import {
  create,
  type DescField,
  type DescMessage,
  type MessageInitShape,
  ScalarType,
  toBinary,
} from '@nova/proto/runtime';
import fc from 'fast-check';

/** The fields of a message by their local names, to be given to `create`. */
export type Fields = Record<string, unknown>;

/** Texts that have broken software before. */
const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\n',
  '../../etc/passwd',
  "'; DROP TABLE outbox_events; --",
  'return redis.call("FLUSHALL")',
  '__proto__',
  'constructor',
  '{"a":1,"a":2}',
  '['.repeat(20_000),
  '"\\ud800"',
  '{"__proto__":{"polluted":true}}',
  '1e130000',
  '9007199254740993',
  '-0',
  'NaN',
  'a & (b',
  '*:*',
  '"unclosed',
  '%',
  '\\',
  '(((((((((((((((((((((((((',
  '550E8400-E29B-41D4-A716-446655440000',
  '{550e8400-e29b-41d4-a716-446655440000}',
  '00000000-0000-0000-0000-000000000000',
  '9999-12-31T23:59:59.999999999Z',
  'message_created\u2028',
  'mеssage_created',
  '\u202eevil',
  '\ufeff',
  '👩‍👩‍👧‍👦'.repeat(50),
  'x'.repeat(300),
  'x'.repeat(70_000),
];

const DEEPEST = 4;

/**
 * Messages of a type, well formed but otherwise anything: each field may be missing, usual or
 * hostile. `words` are texts that mean something to the server, such as event types and ids.
 */
export function messageArbitrary(
  descriptor: DescMessage,
  words: readonly string[],
  depth = 0,
): fc.Arbitrary<Fields> {
  const texts = textArbitrary(words);
  if (descriptor.typeName.startsWith('google.protobuf.')) return wellKnown(descriptor, texts);
  if (depth > DEEPEST) return fc.constant({});
  const members = descriptor.members.map((member): [string, fc.Arbitrary<unknown>] => {
    if (member.kind === 'field') {
      return [member.localName, fieldArbitrary(member, texts, words, depth)];
    }
    const cases = member.fields.map((field) =>
      fieldArbitrary(field, texts, words, depth).map((value) => ({ case: field.localName, value })),
    );
    return [member.localName, fc.oneof(...cases)];
  });
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

function fieldArbitrary(
  field: DescField,
  texts: fc.Arbitrary<string>,
  words: readonly string[],
  depth: number,
): fc.Arbitrary<unknown> {
  const message = (of: DescMessage) => messageArbitrary(of, words, depth + 1);
  switch (field.fieldKind) {
    case 'scalar':
      return scalarArbitrary(field.scalar, texts);
    case 'enum':
      return enumArbitrary;
    case 'message':
      return message(field.message);
    case 'list':
      return fc.array(
        field.listKind === 'message'
          ? message(field.message)
          : field.listKind === 'enum'
            ? enumArbitrary
            : scalarArbitrary(field.scalar, texts),
        { maxLength: 6 },
      );
    case 'map':
      return fc.dictionary(
        field.mapKey === ScalarType.STRING ? texts : fc.integer({ min: 0, max: 9 }).map(String),
        field.mapKind === 'message'
          ? message(field.message)
          : field.mapKind === 'enum'
            ? enumArbitrary
            : scalarArbitrary(field.scalar, texts),
        { maxKeys: 4 },
      );
  }
}

const enumArbitrary = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 99, 2 ** 31 - 1, -(2 ** 31)) },
);

function textArbitrary(words: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words, '') },
    { weight: 2, arbitrary: fc.uuid() },
    { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
    // Lone surrogates too: they become U+FFFD when they are encoded.
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  );
}

function scalarArbitrary(type: ScalarType, texts: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return texts;
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 64 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.FLOAT:
      return fc.float();
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.oneof(fc.bigInt(-3n, 50n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.oneof(fc.bigInt(0n, 50n), fc.bigInt(0n, 2n ** 64n - 1n));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return fc.oneof(fc.integer({ min: -3, max: 50 }), fc.integer());
  }
}

/** Types of protobuf itself, whose values mean more than their fields say. */
function wellKnown(descriptor: DescMessage, texts: fc.Arbitrary<string>): fc.Arbitrary<Fields> {
  switch (descriptor.typeName) {
    case 'google.protobuf.Struct':
      return structArbitrary(texts);
    case 'google.protobuf.Timestamp':
    case 'google.protobuf.Duration':
      return fc.record({
        seconds: fc.oneof(
          fc.bigInt(1_700_000_000n, 1_900_000_000n),
          fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
        ),
        nanos: fc.oneof(fc.integer({ min: 0, max: 999_999_999 }), fc.integer()),
      });
    default:
      return fc.constant({});
  }
}

const structs = new WeakMap<fc.Arbitrary<string>, fc.Arbitrary<Fields>>();

// In protobuf-es a Struct within a message is a plain JSON object.
function structArbitrary(texts: fc.Arbitrary<string>): fc.Arbitrary<Fields> {
  const known = structs.get(texts);
  if (known !== undefined) return known;
  const { object } = fc.letrec<{ value: unknown; object: Fields }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: false },
      fc.oneof(
        texts,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(
      texts.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  }));
  structs.set(texts, object);
  return object;
}

/** The bytes of a message; undefined when the runtime itself refuses to make them. */
export function encoded(descriptor: DescMessage, fields: Fields): Buffer | undefined {
  try {
    // Whatever the arbitrary made fits the descriptor it was made from.
    const init = fields as MessageInitShape<DescMessage>;
    return Buffer.from(toBinary(descriptor, create(descriptor, init)));
  } catch {
    return undefined;
  }
}
