import { canonicalJson } from '@nova/events';
import { targetOf } from '../check-schema.ts';
import { isList, isMap, type Json, type JsonMap, member } from '../json.ts';

/** A schema within its document, which its references lead into. */
export interface Place {
  readonly schema: Json;
  readonly root: JsonMap;
}

/** Types as JSON Schema names them; every integer is a number as well. */
export const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;
export type TypeName = (typeof TYPES)[number];

const MAX_CONJUNCTS = 200;

/**
 * A schema as the list of what must hold together: references and `allOf` are dissolved. False
 * stands for a schema that nothing fulfils.
 *
 * @throws RangeError where that is too much
 */
export function conjunctsOf(
  places: readonly Place[],
): readonly (Place & { schema: JsonMap })[] | false {
  const found: (Place & { schema: JsonMap })[] = [];
  const open = [...places];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { schema, root } = place;
    if (schema === false) return false;
    if (!isMap(schema)) continue;
    if (found.length >= MAX_CONJUNCTS) throw new RangeError('too many schemas hold together');
    const { $ref, allOf, ...rest } = schema;
    const target = targetOf(root, $ref);
    if (target !== undefined) open.push({ schema: target, root });
    if (isList(allOf)) open.push(...allOf.map((one) => ({ schema: one, root })));
    found.push({ schema: rest, root });
  }
  return found;
}

/** The types that values may have. */
export function typesOf(conjuncts: readonly Place[]): ReadonlySet<TypeName> {
  const types = new Set<TypeName>(TYPES);
  for (const { schema } of conjuncts) {
    const allowed = isMap(schema) ? typesIn(schema) : undefined;
    if (allowed === undefined) continue;
    for (const type of types) if (!allowed.has(type)) types.delete(type);
  }
  return types;
}

function typesIn({ type, ...schema }: JsonMap): ReadonlySet<TypeName> | undefined {
  const values = valuesIn(schema);
  const named = type === undefined ? undefined : isList(type) ? type : [type];
  const ofValues = values && new Set(values.map(typeOfValue));
  if (named === undefined) return ofValues;
  const allowed = new Set(TYPES.filter((one) => named.includes(one)));
  if (allowed.has('number')) allowed.add('integer');
  return ofValues === undefined
    ? allowed
    : new Set([...allowed].filter((one) => ofValues.has(one)));
}

/** The values that `enum` and `const` of one schema leave; undefined: no such keyword. */
export function valuesIn({ enum: list, const: only }: JsonMap): readonly Json[] | undefined {
  if (only === undefined) return isList(list) ? list : undefined;
  return isList(list) && !includes(list, only) ? [] : [only];
}

/** All values that are possible, where they can be counted; undefined where they cannot. */
export function valuesOf(
  conjuncts: readonly Place[],
  types: ReadonlySet<TypeName>,
): readonly Json[] | undefined {
  let values: readonly Json[] | undefined;
  for (const { schema } of conjuncts) {
    const own = isMap(schema) ? valuesIn(schema) : undefined;
    if (own === undefined) continue;
    values = values === undefined ? own : values.filter((value) => includes(own, value));
  }
  values ??= countable(types);
  return values?.filter((value) => types.has(typeOfValue(value)));
}

function countable(types: ReadonlySet<TypeName>): readonly Json[] | undefined {
  if ([...types].some((type) => type !== 'null' && type !== 'boolean')) return undefined;
  return [...(types.has('null') ? [null] : []), ...(types.has('boolean') ? [true, false] : [])];
}

/** The narrowest type of a value. */
export function typeOfValue(value: Json): TypeName {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  if (isMap(value)) return 'object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' ? 'string' : 'boolean';
}

/** Whether a list has a value, compared as JSON. */
export function includes(list: readonly Json[], value: Json): boolean {
  const text = canonicalJson(value);
  return list.some((one) => canonicalJson(one) === text);
}

/** What must hold for a property together; false stands for one that cannot be there. */
export function propertyOf(conjuncts: readonly Place[], key: string): readonly Place[] {
  return conjuncts.flatMap(({ schema, root }) => {
    if (!isMap(schema)) return [];
    const { properties, additionalProperties } = schema;
    const own = isMap(properties) ? member(properties, key) : undefined;
    // Patterns may say more about it; without them the set is only larger.
    const isPatterned = schema['patternProperties'] !== undefined;
    const found = own ?? (isPatterned ? undefined : additionalProperties);
    return found === undefined ? [] : [{ schema: found, root }];
  });
}

/** What must hold for a property that none of them names. */
export function otherPropertiesOf(conjuncts: readonly Place[]): readonly Place[] {
  return conjuncts.flatMap(({ schema, root }) => {
    if (!isMap(schema) || schema['patternProperties'] !== undefined) return [];
    const { additionalProperties } = schema;
    return additionalProperties === undefined ? [] : [{ schema: additionalProperties, root }];
  });
}

/** What must hold for the element at an index. */
export function elementOf(conjuncts: readonly Place[], index: number): readonly Place[] {
  return conjuncts.flatMap(({ schema, root }) => {
    if (!isMap(schema)) return [];
    const { prefixItems, items } = schema;
    const own = (isList(prefixItems) ? prefixItems[index] : undefined) ?? items;
    return own === undefined ? [] : [{ schema: own, root }];
  });
}

/** The names of all properties that are declared. */
export function namesOf(conjuncts: readonly Place[]): readonly string[] {
  const names = conjuncts.flatMap(({ schema }) =>
    isMap(schema) && isMap(schema['properties']) ? Object.keys(schema['properties']) : [],
  );
  return [...new Set(names)];
}

/** The properties that must be there. */
export function requiredOf(conjuncts: readonly Place[]): ReadonlySet<string> {
  return new Set(
    conjuncts.flatMap(({ schema }) => {
      const required = isMap(schema) ? schema['required'] : undefined;
      return isList(required) ? required.filter((name) => typeof name === 'string') : [];
    }),
  );
}

/** The largest of a keyword's numbers, for lower bounds; undefined where none says it. */
export function greatest(conjuncts: readonly Place[], word: string): number | undefined {
  return numbersOf(conjuncts, word).reduce<number | undefined>(
    (best, one) => (best === undefined || one > best ? one : best),
    undefined,
  );
}

/** The smallest of a keyword's numbers, for upper bounds. */
export function smallest(conjuncts: readonly Place[], word: string): number | undefined {
  return numbersOf(conjuncts, word).reduce<number | undefined>(
    (best, one) => (best === undefined || one < best ? one : best),
    undefined,
  );
}

function numbersOf(conjuncts: readonly Place[], word: string): readonly number[] {
  return conjuncts.flatMap(({ schema }) => {
    const value = isMap(schema) ? schema[word] : undefined;
    return typeof value === 'number' ? [value] : [];
  });
}
