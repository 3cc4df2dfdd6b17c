import type { JsonObject } from '@nova/proto/runtime';
import { checkSchema, type SchemaProblem, type Validator } from '@nova/schemas';
import type { Violations } from '../domain/violations.ts';

/** Checks a schema of a request: what it keeps to, then whether it compiles, in the thread. */
export async function checkGivenSchema(
  given: JsonObject | undefined,
  validator: Validator,
  violations: Violations,
): Promise<void> {
  if (given === undefined) {
    violations.add('schema', 'is required');
    return;
  }
  const faults = checkSchema(given);
  // Only what keeps to the limits is compiled.
  const problems: readonly SchemaProblem[] =
    faults.length > 0 ? faults : await validator.compile(JSON.stringify(given));
  for (const { pointer, problem } of problems) violations.add(`schema${pointer}`, problem);
}
