import type { Violation } from '@nova/errors';
import type { ErrorObject } from 'ajv';

const MAX_VIOLATIONS = 20;
const MAX_TEXT = 200;
const IDENTIFIER = /^[A-Za-z_]\w{0,63}$/;
const INDEX = /^\d+$/;
// Said by what is within them.
const FRAMES = new Set(['if', 'anyOf', 'oneOf', 'allOf', 'not']);

/** What ajv found, as violations with paths below `payload`, at most 20. */
export function violationsOf(found: readonly ErrorObject[]): readonly Violation[] {
  const precise = found.filter(({ keyword }) => !FRAMES.has(keyword));
  const all = (precise.length > 0 ? precise : found).slice(0, MAX_VIOLATIONS).map(violationOf);
  return [...new Map(all.map((one) => [`${one.field}\n${one.description}`, one])).values()];
}

function violationOf({
  keyword,
  instancePath,
  params,
  message = 'is not valid',
}: ErrorObject): Violation {
  const at = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(pathOf, 'payload');
  // ajv types the parameters of all keywords as one loose record.
  const told = params as Readonly<Record<string, unknown>>;
  if (keyword === 'required' || keyword === 'dependentRequired') {
    return { field: pathOf(at, String(told['missingProperty'])), description: 'is required' };
  }
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const name = String(told['additionalProperty'] ?? told['unevaluatedProperty']);
    return { field: pathOf(at, name), description: 'is not a field of this event type' };
  }
  if (keyword === 'enum') {
    return {
      field: at,
      description: cut(`must be one of ${JSON.stringify(told['allowedValues'])}`),
    };
  }
  if (keyword === 'const') {
    return { field: at, description: cut(`must be ${JSON.stringify(told['allowedValue'])}`) };
  }
  return { field: at, description: cut(message) };
}

function pathOf(parent: string, key: string): string {
  if (INDEX.test(key)) return `${parent}[${key}]`;
  return IDENTIFIER.test(key) ? `${parent}.${key}` : `${parent}[${JSON.stringify(cut(key, 64))}]`;
}

function cut(text: string, length = MAX_TEXT): string {
  return text.length > length ? `${text.slice(0, length)}…`.toWellFormed() : text;
}
