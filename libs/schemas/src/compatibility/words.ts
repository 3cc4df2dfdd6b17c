import { isList, isMap, type Json, type JsonMap } from '../json.ts';
import { ANNOTATIONS } from '../keywords.ts';

/** Keywords that are only compared as they are written, those of a row together. */
export const WHOLE: readonly (readonly string[])[] = [
  ['not'],
  ['if', 'then', 'else'],
  ['contains', 'minContains', 'maxContains'],
  ['propertyNames'],
  ['dependentRequired'],
  ['dependentSchemas'],
];

const JUDGED = new Set([
  ...['type', 'enum', 'const', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties'],
  ...['maxProperties', 'pattern', 'properties', 'required', 'additionalProperties', 'items'],
  ...['prefixItems', 'uniqueItems', 'anyOf', 'oneOf', 'patternProperties'],
  ...['unevaluatedProperties', 'unevaluatedItems', ...WHOLE.flat()],
]);

/** Keywords of a schema that change which values are valid and that nobody here knows. */
export function strangeWords(schema: JsonMap): readonly string[] {
  return Object.keys(schema).filter(
    (word) => !JUDGED.has(word) && !ANNOTATIONS.has(word) && !word.startsWith('x-'),
  );
}

/** The branches of a schema that has some, and the rest of it. */
export function branchesOf(
  schema: Json,
): { readonly schemas: readonly Json[]; readonly rest: JsonMap } | undefined {
  if (!isMap(schema)) return undefined;
  const word = ['anyOf', 'oneOf'].find((one) => isList(schema[one]));
  if (word === undefined) return undefined;
  const { [word]: schemas, ...rest } = schema;
  return isList(schemas) ? { schemas, rest } : undefined;
}

/** The members of a schema that are named. */
export function pick(schema: JsonMap, words: readonly string[]): JsonMap {
  return Object.fromEntries(Object.entries(schema).filter(([word]) => words.includes(word)));
}

/** A value as it may stand in a message. */
export function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
