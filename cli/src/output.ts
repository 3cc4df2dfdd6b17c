import { styleText } from 'node:util';
import { type Column, tableLines } from './table.ts';
import { toJsonText } from './to-json.ts';

/** A stream that text is written to: a terminal, a pipe, or an array in specs. */
export interface Sink {
  write(text: string): unknown;
  once?(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** How results are printed. */
export type Format = 'table' | 'json';

/** Colours by meaning; all of them return the text unchanged where colour is off. */
export interface Style {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

const MIN_PLAIN_PROGRESS_MS = 5000;

/**
 * The only way anything is printed. Results go to stdout; notes, progress and errors go to stderr,
 * so that `-o json` can be piped. On a terminal the progress line is rewritten in place; elsewhere
 * it becomes a plain line at most every 5 s.
 */
export class Output {
  readonly format: Format;
  readonly style: Style;
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  readonly #nowMs: () => number;
  #live = '';
  #isFull = false;
  #lastPlainMs = Number.NEGATIVE_INFINITY;

  constructor(given: {
    format: Format;
    stdout: Sink;
    stderr: Sink;
    colour: boolean;
    nowMs: () => number;
  }) {
    this.format = given.format;
    this.#stdout = given.stdout;
    this.#stderr = given.stderr;
    this.#nowMs = given.nowMs;
    this.style = styleFor(given.colour);
  }

  /** True where a person looks at the progress. */
  get isTerminal(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Columns of the screen that results go to; undefined where it is none. */
  get width(): number | undefined {
    return this.#stdout.isTTY === true ? this.#stdout.columns : undefined;
  }

  /** A line of the result. */
  line(text = ''): void {
    this.#clearLive();
    this.#isFull = this.#stdout.write(`${text}\n`) === false;
  }

  /** Resolves when the reader of a long result has taken what was written; otherwise at once. */
  async drained(): Promise<void> {
    if (!this.#isFull || this.#stdout.once === undefined) return;
    await new Promise<void>((resolve) => this.#stdout.once?.('drain', resolve));
    this.#isFull = false;
  }

  /** The result as one JSON document. */
  json(value: unknown): void {
    this.line(toJsonText(value));
  }

  /** One JSON document on a line of its own, for results that are streams. */
  jsonLine(value: unknown): void {
    this.line(toJsonText(value, 0));
  }

  /** The result as a table. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    for (const text of tableLines(columns, rows)) this.line(text);
  }

  /** A line for the person, not part of the result. */
  note(text: string): void {
    this.#clearLive();
    this.#stderr.write(`${text}\n`);
  }

  /** What is going on now. */
  progress(text: string): void {
    if (this.isTerminal) {
      // Some terminals say 0.
      const width = this.#stderr.columns || 80;
      this.#live = text.slice(0, Math.max(10, width - 1));
      this.#stderr.write(`\r\u001b[2K${this.#live}`);
      return;
    }
    const now = this.#nowMs();
    if (now - this.#lastPlainMs < MIN_PLAIN_PROGRESS_MS) return;
    this.#lastPlainMs = now;
    this.#stderr.write(`${text}\n`);
  }

  /** Takes the progress line away. */
  progressDone(): void {
    this.#clearLive();
  }

  #clearLive(): void {
    if (this.#live === '') return;
    this.#live = '';
    this.#stderr.write('\r\u001b[2K');
  }
}

function styleFor(colour: boolean): Style {
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  return {
    strong: paint('bold'),
    faint: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
  };
}
