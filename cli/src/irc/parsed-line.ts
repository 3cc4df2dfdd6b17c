/** Why a line gives no event. `blank` and `marker` are understood; the others are reported. */
export type NotUnderstood =
  | 'action'
  | 'notice'
  | 'mode'
  | 'topic'
  | 'kick'
  | 'server message'
  | 'no time'
  | 'impossible time'
  | 'bad nick'
  | 'unknown shape';

/** What a line of a log says, apart from its time. */
export type LineContent =
  | { readonly kind: 'message'; readonly nick: string; readonly text: string }
  | { readonly kind: 'join'; readonly nick: string }
  | { readonly kind: 'leave'; readonly nick: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'marker' }
  | { readonly kind: 'blank' }
  | { readonly kind: 'other'; readonly reason: NotUnderstood };

/** The time that stands in a line. */
export interface WrittenTime {
  readonly seconds: number;
  /** `YYYY-MM-DD`, where the line has a date. */
  readonly date?: string;
}

/** A line of a log: when, what, and by which row of the grammar it was read. */
export interface ParsedLine {
  readonly content: LineContent;
  /** Absent on lines without a time of their own. */
  readonly time?: WrittenTime;
  /** Channel named before the time. */
  readonly channel?: string;
  /** Name of the grammar, `[HH:MM] <nick> text`; absent when the line is not understood. */
  readonly grammar?: string;
}
