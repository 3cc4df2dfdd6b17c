import { readFileSync } from 'node:fs';

/** An event as a client asked for it. */
export interface AskedEvent {
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
  /** Text where it is stored as it is and need not be JSON. */
  readonly payload: Readonly<Record<string, unknown>> | string;
  /** Where it was asked for on the condition that the aggregate is at this version. */
  readonly onVersion?: number;
}

/** An event as an answer told it. */
export interface ToldEvent {
  readonly id: string;
  readonly version: number;
  readonly position: number;
}

/** A line of the history file; `at` is milliseconds since 1970. What was asked and never answered is unknown. */
export type HistoryLine = {
  readonly at: number;
} /** A schedule begins; several may share a history. */ & (
  | { readonly kind: 'run'; readonly seed: number; readonly commit: string }
  | { readonly kind: 'asked'; readonly request: string; readonly events: readonly AskedEvent[] }
  | {
      readonly kind: 'acknowledged';
      readonly request: string;
      readonly events: readonly ToldEvent[];
    }
  /** For certain nothing was stored. */
  | { readonly kind: 'refused'; readonly request: string; readonly reason: string }
  /** An attempt of which nobody knows whether something was stored. */
  | { readonly kind: 'failed'; readonly request: string; readonly reason: string }
  | { readonly kind: 'fault'; readonly fault: string; readonly target: string }
  /** The fault is lifted; what it broke need not be back yet. */
  | { readonly kind: 'healed'; readonly fault: string; readonly target: string }
  | {
      readonly kind: 'recovered';
      readonly fault: string;
      readonly target: string;
      readonly ms: number;
    }
  /** A consumer said that it got so many events again. */
  | { readonly kind: 'redelivered'; readonly target: string; readonly events: number }
  | { readonly kind: 'memory'; readonly target: string; readonly bytes: number }
);

/** A line of one kind. */
export type LineOf<Kind extends HistoryLine['kind']> = Extract<
  HistoryLine,
  { readonly kind: Kind }
>;

/** A history as it is judged. */
export class History {
  readonly #lines: readonly HistoryLine[];

  constructor(lines: readonly HistoryLine[]) {
    this.#lines = lines;
  }

  /** Reads a file of JSON lines; a last line that was cut by a kill is left out. */
  static read(file: string): History {
    const texts = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    // The format above, written by the load driver.
    return new History(texts.map((text) => JSON.parse(text) as HistoryLine));
  }

  /** Its lines of a kind. */
  of<Kind extends HistoryLine['kind']>(kind: Kind): readonly LineOf<Kind>[] {
    return this.#lines.filter((line): line is LineOf<Kind> => line.kind === kind);
  }

  /** What was asked, by event id. */
  asked(): ReadonlyMap<string, AskedEvent & { readonly request: string }> {
    return new Map(
      this.of('asked').flatMap(({ request, events }) =>
        events.map((event) => [event.id, { ...event, request }] as const),
      ),
    );
  }
}
