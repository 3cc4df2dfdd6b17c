// Arrays as PostgreSQL reads them. The driver's own conversion took a third of an append's time in
// Node, as it inspects every element; these columns are known to be of one kind.

const SPECIAL = /["\\]/;

/** An array of numbers. */
export function numberArray(values: readonly (number | bigint)[]): string {
  return `{${values.join(',')}}`;
}

/** An array of texts, or of anything else by its text; undefined = NULL. */
export function textArray(values: readonly (string | undefined)[]): string {
  let literal = '{';
  for (const value of values) {
    if (literal.length > 1) literal += ',';
    if (value === undefined) literal += 'NULL';
    else literal += SPECIAL.test(value) ? quoteSpecial(value) : `"${value}"`;
  }
  return `${literal}}`;
}

function quoteSpecial(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
