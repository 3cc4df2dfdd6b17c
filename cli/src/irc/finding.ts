import type { ClockNote } from './log-clock.ts';
import type { NotUnderstood } from './parsed-line.ts';

/** Why a line is reported. */
export type FindingReason =
  | NotUnderstood
  | 'NUL'
  | 'too long'
  | 'nick is not UTF-8'
  | 'another channel'
  | 'no date'
  | 'invalid UTF-8'
  | ClockNote
  | 'stored with other content'
  | 'refused';

/**
 * Something about one line that a person should know: `skipped` lines are not imported, `altered`
 * ones are, with the change that the reason names, `noted` ones are imported as they are; an event
 * of a `refused` one was not taken by events-service.
 */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly severity: 'skipped' | 'altered' | 'noted' | 'refused';
  readonly reason: FindingReason;
  /** Beginning of the line, control characters made visible. */
  readonly excerpt: string;
}

const EXCERPT_LENGTH = 120;

/** The beginning of a line, safe to print on a terminal. */
export function excerptOf(text: string, length = EXCERPT_LENGTH): string {
  // Controls, line separators and the marks that turn the direction of text.
  const visible = text
    .slice(0, length)
    .toWellFormed()
    .replaceAll(
      /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  const shown = visible.slice(0, length).toWellFormed();
  return shown.length < visible.length || text.length > length ? `${shown}…` : shown;
}
