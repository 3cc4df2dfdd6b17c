import type { JsonValue } from '@nova/proto/runtime';
import { memberPath, type Violations } from './violations.ts';

/** Levels of maps and lists in a payload, its own level counted. */
export const MAX_NESTING = 32;

const NUL = '\u0000';

/**
 * Reports what no payload may hold, whatever its schema: NUL and lone surrogates in texts and keys,
 * numbers that JSON or a double cannot carry, nesting above 32. All other control characters and
 * empty texts are data.
 *
 * @param depth levels above the value
 */
export function checkJson(
  value: JsonValue,
  path: string,
  violations: Violations,
  depth: number = 0,
): void {
  if (violations.isFull) return;
  if (typeof value === 'string') checkText(value, path, violations);
  else if (typeof value === 'number') checkNumber(value, path, violations);
  else if (typeof value === 'object' && value !== null) {
    if (depth >= MAX_NESTING) {
      violations.add(path, `must not be nested more than ${MAX_NESTING} levels deep`);
      return;
    }
    checkMembers(value, path, violations, depth + 1);
  }
}

function checkMembers(
  value: Exclude<JsonValue, string | number | boolean | null>,
  path: string,
  violations: Violations,
  depth: number,
): void {
  if (Array.isArray(value)) {
    value.forEach((element, index) => {
      checkJson(element, `${path}[${index}]`, violations, depth);
    });
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    const memberAt = memberPath(path, key);
    checkText(key, memberAt, violations);
    checkJson(member, memberAt, violations, depth);
  }
}

function checkText(text: string, path: string, violations: Violations): void {
  if (text.includes(NUL)) violations.add(path, 'must not contain the character NUL (U+0000)');
  if (!text.isWellFormed()) violations.add(path, 'must not contain a lone surrogate');
}

function checkNumber(value: number, path: string, violations: Violations): void {
  if (!Number.isFinite(value)) {
    violations.add(path, 'must be a finite number');
  } else if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    // Whatever digits the caller wrote, they are lost: doubles up here are 2 and more apart.
    violations.add(path, 'must not be a number beyond 2^53 - 1; write larger integers as text');
  }
}
