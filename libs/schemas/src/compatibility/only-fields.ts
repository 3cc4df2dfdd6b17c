import { isList, isMap, type JsonMap, member } from '../json.ts';

/**
 * A reader's schema as one goes by it who reads these properties only: what it says of others does not
 * matter then. Whatever else it says stays, so that `understood` by it is a proof for such a reader.
 */
export function onlyFields(schema: JsonMap, fields: readonly string[]): JsonMap {
  const { properties, required, additionalProperties: others, ...rest } = schema;
  const named = isMap(properties) ? properties : {};
  const read = fields.flatMap((name) => {
    const own = member(named, name) ?? others;
    return own === undefined || own === false ? [] : [[name, own] as const];
  });
  return {
    ...rest,
    properties: Object.fromEntries(read),
    ...(isList(required)
      ? { required: required.filter((name) => typeof name === 'string' && fields.includes(name)) }
      : {}),
  };
}
