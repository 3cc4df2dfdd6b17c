/**
 * JSON as every verb prints it: 64-bit integers as strings (as in the API), dates as RFC 3339, map
 * and set as object and list, bytes as base64, undefined left out.
 */
export function toJsonText(value: unknown, indent = 2): string {
  return JSON.stringify(value, replace, indent) ?? 'null';
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}
