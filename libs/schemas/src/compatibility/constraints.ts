import { isMap, type Json, type JsonMap } from '../json.ts';
import { compilePattern } from '../patterns.ts';
import { greatest, type Place, smallest, type TypeName } from './facts.ts';

/** What is known of the values that a writer's schema lets through. */
export interface Written {
  readonly conjuncts: readonly Place[];
  readonly types: ReadonlySet<TypeName>;
  /** All of them, where they can be counted. */
  readonly values: readonly Json[] | undefined;
}

/** What a bound is about: how it is measured in a value, undefined where it does not apply. */
interface Bound {
  readonly word: string;
  readonly side: 'least' | 'most';
  readonly types: readonly TypeName[];
  measure(value: Json): number | undefined;
}

const NUMBERS: readonly TypeName[] = ['integer', 'number'];
const codePoints = (value: Json) => (typeof value === 'string' ? [...value].length : undefined);
const size = (value: Json) => (Array.isArray(value) ? value.length : undefined);
const members = (value: Json) => (isMap(value) ? Object.keys(value).length : undefined);

const BOUNDS: readonly Bound[] = [
  { word: 'minLength', side: 'least', types: ['string'], measure: codePoints },
  { word: 'maxLength', side: 'most', types: ['string'], measure: codePoints },
  { word: 'minItems', side: 'least', types: ['array'], measure: size },
  { word: 'maxItems', side: 'most', types: ['array'], measure: size },
  { word: 'minProperties', side: 'least', types: ['object'], measure: members },
  { word: 'maxProperties', side: 'most', types: ['object'], measure: members },
];

/** Which bounds of `reader` some written value does not keep, each as a sentence. */
export function boundFaults(written: Written, reader: JsonMap): readonly string[] {
  const sizes = BOUNDS.flatMap((bound) => {
    const limit = reader[bound.word];
    return typeof limit === 'number' && !keeps(written, bound, limit)
      ? [`${bound.word} ${limit} is not kept`]
      : [];
  });
  return [...sizes, ...rangeFaults(written, reader), ...stepFaults(written, reader)];
}

/**
 * Whether every text that is written matches a pattern: it is the writer's own, or there are few texts
 * and all of them do. Whether one pattern lets through less than another is not worked out.
 */
export function keepsPattern({ conjuncts, types, values }: Written, pattern: string): boolean {
  if (!types.has('string')) return true;
  if (conjuncts.some(({ schema }) => isMap(schema) && schema['pattern'] === pattern)) return true;
  if (values === undefined) return false;
  const expression = compilePattern(pattern);
  return values.every((value) => typeof value !== 'string' || expression.test(value));
}

function keeps(written: Written, { word, side, types, measure }: Bound, limit: number): boolean {
  if (!types.some((type) => written.types.has(type))) return true;
  if (written.values !== undefined) {
    return written.values.every((value) => within(measure(value), side, limit));
  }
  const { conjuncts } = written;
  const own = side === 'least' ? greatest(conjuncts, word) : smallest(conjuncts, word);
  return side === 'least' ? (own ?? 0) >= limit : own !== undefined && own <= limit;
}

function within(measured: number | undefined, side: Bound['side'], limit: number): boolean {
  return measured === undefined || (side === 'least' ? measured >= limit : measured <= limit);
}

function rangeFaults(written: Written, reader: JsonMap): readonly string[] {
  if (!NUMBERS.some((type) => written.types.has(type))) return [];
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = reader;
  const faults: string[] = [];
  const check = (word: string, limit: Json | undefined, holds: (limit: number) => boolean) => {
    if (typeof limit === 'number' && !holds(limit)) faults.push(`${word} ${limit} is not kept`);
  };
  const { values, conjuncts } = written;
  const all = (test: (value: number) => boolean) =>
    values?.every((value) => typeof value !== 'number' || test(value));
  // At or above the first, strictly above the second.
  const least = greatest(conjuncts, 'minimum');
  const above = greatest(conjuncts, 'exclusiveMinimum');
  const most = smallest(conjuncts, 'maximum');
  const below = smallest(conjuncts, 'exclusiveMaximum');
  check('minimum', minimum, (limit) => all((v) => v >= limit) ?? max(least, above) >= limit);
  check(
    'exclusiveMinimum',
    exclusiveMinimum,
    (limit) => all((v) => v > limit) ?? (max(least) > limit || max(above) >= limit),
  );
  check('maximum', maximum, (limit) => all((v) => v <= limit) ?? min(most, below) <= limit);
  check(
    'exclusiveMaximum',
    exclusiveMaximum,
    (limit) => all((v) => v < limit) ?? (min(most) < limit || min(below) <= limit),
  );
  return faults;
}

function max(...numbers: readonly (number | undefined)[]): number {
  return Math.max(...numbers.map((one) => one ?? Number.NEGATIVE_INFINITY));
}

function min(...numbers: readonly (number | undefined)[]): number {
  return Math.min(...numbers.map((one) => one ?? Number.POSITIVE_INFINITY));
}

function stepFaults(written: Written, { multipleOf: step }: JsonMap): readonly string[] {
  if (typeof step !== 'number' || !NUMBERS.some((type) => written.types.has(type))) return [];
  // Whole numbers only: whether fractions divide each other is a matter of rounding.
  const divides = (value: number) =>
    value === step ||
    (Number.isSafeInteger(value) && Number.isSafeInteger(step) && value % step === 0);
  const isKept =
    written.values?.every((value) => typeof value !== 'number' || divides(value)) ??
    (written.conjuncts.some(
      ({ schema }) =>
        isMap(schema) && typeof schema['multipleOf'] === 'number' && divides(schema['multipleOf']),
    ) ||
      (step === 1 && !written.types.has('number')));
  return isKept ? [] : [`multipleOf ${step} is not kept`];
}
