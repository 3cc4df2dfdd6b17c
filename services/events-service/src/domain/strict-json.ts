import type { JsonObject, JsonValue } from '@nova/proto/runtime';

/** Nesting up to here is read; the payload rules then judge it by their own, lower limit. */
const MAX_DEPTH = 64;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a text of JSON holds, or what is wrong with it. */
export type ReadJson =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a JSON object more strictly than `JSON.parse`: the bytes must be UTF-8, nesting is bounded
 * before anything recursive touches it, a key that occurs twice in one object is refused instead of
 * silently taking the last, and a number that would be read as infinity (1e400) is refused, too.
 */
export function readJsonObject(bytes: Uint8Array): ReadJson {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { ok: false, problem: 'must be valid UTF-8' };
  }
  let value: JsonValue;
  try {
    // What JSON.parse returns is JSON.
    value = JSON.parse(text) as JsonValue;
  } catch {
    return { ok: false, problem: 'must be valid JSON' };
  }
  const problem = structureProblem(text);
  if (problem !== undefined) return { ok: false, problem };
  if (MAY_BE_HUGE.test(text) && hasInfinity(value)) {
    return { ok: false, problem: 'must have no number beyond those of 64-bit floating point' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problem: 'must be a JSON object' };
  }
  return { ok: true, value };
}

/** An exponent of three digits, or as many digits as only such numbers have. */
const MAY_BE_HUGE = /[eE]\+?\d{3}|\d{309}/;

/** Of a value whose nesting is bounded. */
function hasInfinity(value: JsonValue): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/**
 * Looks for repeated keys and deep nesting in a text that is known to be JSON, so that strings and
 * punctuation are all that matters.
 */
function structureProblem(text: string): string | undefined {
  const structure = new Structure();
  for (const [token] of text.matchAll(TOKEN)) {
    const problem = structure.take(token);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Where in a JSON text one is: a string is a key when it follows `{`, or `,` in an object. */
class Structure {
  /** One entry per open bracket: the keys seen in an object, or null for an array. */
  readonly #open: (Set<string> | null)[] = [];
  #keyNext = false;

  /** Moves past a token, or says what is wrong with it. */
  take(token: string): string | undefined {
    switch (token) {
      case '{':
      case '[':
        return this.#enter(token === '{');
      case '}':
      case ']':
        this.#open.pop();
        return undefined;
      case ',':
        this.#keyNext = this.#open.at(-1) instanceof Set;
        return undefined;
      default:
        return this.#string(token);
    }
  }

  #enter(isObject: boolean): string | undefined {
    this.#open.push(isObject ? new Set() : null);
    this.#keyNext = isObject;
    const isTooDeep = this.#open.length > MAX_DEPTH;
    return isTooDeep ? `must not be nested deeper than ${MAX_DEPTH} levels` : undefined;
  }

  #string(literal: string): string | undefined {
    const keys = this.#keyNext ? this.#open.at(-1) : null;
    this.#keyNext = false;
    if (!keys) return undefined;
    // TOKEN matched a string literal of JSON; two spellings of one key are the same key.
    const key = JSON.parse(literal) as string;
    if (keys.has(key)) return 'must not have the same key twice in one object';
    keys.add(key);
    return undefined;
  }
}
