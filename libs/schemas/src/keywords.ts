import { isList, isMap, type Json, type JsonMap } from './json.ts';

/** What the value of a keyword holds. */
type Content = 'schema' | 'schemas' | 'map' | 'value';

// Where a subschema judges the same value as the schema it stands in.
const IN_PLACE = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
]);

const SUBSCHEMAS: Readonly<Record<string, Content>> = {
  $defs: 'map',
  properties: 'map',
  patternProperties: 'map',
  dependentSchemas: 'map',
  additionalProperties: 'schema',
  propertyNames: 'schema',
  unevaluatedProperties: 'schema',
  items: 'schema',
  contains: 'schema',
  unevaluatedItems: 'schema',
  prefixItems: 'schemas',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  not: 'schema',
  if: 'schema',
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: 'schema',
  else: 'schema',
};

const PLAIN = [
  ...['$schema', '$id', '$ref', '$comment', 'title', 'description', 'default', 'examples'],
  ...['deprecated', 'readOnly', 'writeOnly', 'type', 'enum', 'const', 'format'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'pattern', 'contentEncoding', 'contentMediaType'],
  ...['required', 'minProperties', 'maxProperties', 'dependentRequired'],
  ...['minItems', 'maxItems', 'uniqueItems', 'minContains', 'maxContains'],
];

const KNOWN = new Set([...PLAIN, ...Object.keys(SUBSCHEMAS)]);

/** Words that change nothing about which values are valid. `format` is one, as 2020-12 has it. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['$schema', '$id', '$comment', '$defs', 'title', 'description', 'default', 'examples'],
  ...['deprecated', 'readOnly', 'writeOnly', 'format', 'contentEncoding', 'contentMediaType'],
]);

/** Whether a schema may have this keyword; those of tools begin with `x-`. */
export function isKeyword(word: string): boolean {
  return KNOWN.has(word) || word.startsWith('x-');
}

/** A schema within a schema. */
export interface Subschema {
  /** JSON Pointer below the schema that holds it: `/properties/price`. */
  readonly pointer: string;
  readonly schema: Json;
  /** Judges the same value as the schema that holds it. */
  readonly inPlace: boolean;
}

/** The schemas directly within a schema. */
export function subschemasOf(schema: JsonMap): readonly Subschema[] {
  return Object.entries(schema).flatMap(([word, value]): Subschema[] => {
    const inPlace = IN_PLACE.has(word);
    const at = `/${escapePointer(word)}`;
    switch (Object.hasOwn(SUBSCHEMAS, word) ? SUBSCHEMAS[word] : 'value') {
      case 'schema':
        return [{ pointer: at, schema: value, inPlace }];
      case 'schemas':
        if (!isList(value)) return [];
        return value.map((one, index) => ({ pointer: `${at}/${index}`, schema: one, inPlace }));
      case 'map':
        if (!isMap(value)) return [];
        return Object.entries(value).map(([key, one]) => ({
          pointer: `${at}/${escapePointer(key)}`,
          schema: one,
          inPlace,
        }));
      default:
        return [];
    }
  });
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
