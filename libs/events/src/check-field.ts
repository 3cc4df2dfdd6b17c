import type { JsonValue } from '@nova/proto/runtime';
import type { EventField } from './event-type.ts';
import type { FieldForm } from './field-form.ts';
import { parseTime } from './rfc3339.ts';
import { isCanonicalUuid } from './uuid.ts';
import { memberPath, quoted, type Violations } from './violations.ts';

const INT32_LIMIT = 2 ** 31;
const INT64_LIMIT = 2n ** 63n;
const DECIMAL = /^(0|-?[1-9]\d{0,18})$/;
const CANONICAL_UUID = 'a UUID in canonical form (lower case, 8-4-4-4-12, not nil)';

/**
 * Reports what is wrong with a field's value. Stricter than proto JSON: no number may be written as
 * text (64-bit integers may), no text such as "NaN" stands for a number.
 */
export function checkField(
  field: EventField,
  value: JsonValue,
  path: string,
  violations: Violations,
): void {
  const wrong = CHECKS[field.form](value, field, path, violations);
  if (wrong !== undefined) violations.add(path, wrong);
}

/** Says what is wrong with an id; undefined when it is canonical. */
export function idFault(text: string): string | undefined {
  if (isCanonicalUuid(text)) return undefined;
  const canonical = text.toLowerCase().replaceAll(/[{}]/g, '');
  return isCanonicalUuid(canonical)
    ? `must be ${CANONICAL_UUID}: ${canonical}`
    : `must be ${CANONICAL_UUID}`;
}

type Check = (
  value: JsonValue,
  field: EventField,
  path: string,
  violations: Violations,
) => string | undefined;

const CHECKS: Readonly<Record<FieldForm, Check>> = {
  text: (value, field) => textFault(value, field),
  truth: (value) => (typeof value === 'boolean' ? undefined : mustBe('true or false', value)),
  integer: (value, field) =>
    typeof value === 'number' && Number.isInteger(value) && isInt32(value)
      ? rangeFault(value, field)
      : mustBe('an integer of 32 bits', value),
  long: (value, field) =>
    isInt64(value) ? rangeFault(Number(value), field) : mustBe('an integer of 64 bits', value),
  number: (value, field) =>
    typeof value === 'number' ? rangeFault(value, field) : mustBe('a number', value),
  time: (value) =>
    typeof value === 'string' && parseTime(value) !== undefined
      ? undefined
      : mustBe('a time in RFC 3339, such as 2026-01-31T12:00:00Z', value),
  texts: (value, field, path, violations) => {
    if (!Array.isArray(value)) return mustBe('a list of texts', value);
    value.forEach((element, index) => {
      const wrong = textFault(element, field);
      if (wrong !== undefined) violations.add(`${path}[${index}]`, wrong);
    });
    return sizeFault(value.length, field);
  },
  text_map: (value, field, path, violations) => {
    if (!isMap(value)) return mustBe('a map of texts', value);
    const entries = Object.entries(value);
    for (const [key, member] of entries) {
      const wrong = textFault(member, field);
      if (wrong !== undefined) violations.add(memberPath(path, key), wrong);
    }
    return sizeFault(entries.length, field);
  },
  json: (value) => (isMap(value) ? undefined : mustBe('a map', value)),
};

function textFault(value: JsonValue, field: EventField): string | undefined {
  if (typeof value !== 'string') return mustBe('text', value);
  if (field.uuid) return idFault(value);
  if (field.values.length > 0 && !field.values.includes(value)) {
    return `must be one of ${field.values.join(', ')}; given was ${quoted(value)}`;
  }
  return undefined;
}

function rangeFault(value: number, { minimum, maximum }: EventField): string | undefined {
  if (minimum !== undefined && value < minimum) return `must not be below ${minimum}`;
  if (maximum !== undefined && value > maximum) return `must not be above ${maximum}`;
  return undefined;
}

function sizeFault(size: number, { maxItems }: EventField): string | undefined {
  return maxItems !== undefined && size > maxItems
    ? `must not have more than ${maxItems} entries; given were ${size}`
    : undefined;
}

function isInt32(value: number): boolean {
  return value >= -INT32_LIMIT && value < INT32_LIMIT;
}

function isInt64(value: JsonValue): value is string | number {
  if (typeof value === 'number') return Number.isInteger(value);
  if (typeof value !== 'string' || !DECIMAL.test(value)) return false;
  const integer = BigInt(value);
  return integer >= -INT64_LIMIT && integer < INT64_LIMIT;
}

function isMap(value: JsonValue): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mustBe(wanted: string, given: JsonValue): string {
  return `must be ${wanted}; given was ${describe(given)}`;
}

function describe(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quoted(value) : String(value);
}
