const encoder = new TextEncoder();

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/**
 * What is wrong with a text that is stored as it is, or undefined. PostgreSQL cannot hold NUL, and
 * UTF-8 cannot hold half a surrogate pair: both would be refused or changed later on.
 */
export function textProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain NUL (U+0000)';
  if (!text.isWellFormed()) return 'must not contain half a surrogate pair';
  return undefined;
}

// C0, DEL and C1 controls: they would end up in headers, logs and terminals.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** As `textProblem`, for short identifiers: at most `maxBytes`, no control characters. */
export function identifierProblem(text: string, maxBytes: number): string | undefined {
  if (utf8Length(text) > maxBytes) return `must have at most ${maxBytes} bytes`;
  if (CONTROL.test(text)) return 'must not contain control characters';
  return textProblem(text);
}
