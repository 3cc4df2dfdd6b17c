/** An event as psql found it in the log. */
export interface LogRow {
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
  readonly version: number;
  /** Number among the events of its type in its aggregate. */
  readonly sequence: number;
  readonly storedAt: string;
  readonly payload: string;
}

/** A record as kcat found it; records are in the order of their partition. */
export interface TopicRow {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly id: string;
  readonly version: number;
  readonly payload: string;
}

/** The views that the checker can fold by itself. */
export const VIEWS = ['activity', 'messages', 'conversations', 'found', 'notices'] as const;

/** Name of such a view. */
export type ViewName = (typeof VIEWS)[number];

/** A view as psql found it: each row as its columns. */
export interface SeenView {
  readonly view: ViewName;
  readonly rows: readonly (readonly string[])[];
  /** Aggregates that the view's consumer has parked: the first version that waits. */
  readonly parked: ReadonlyMap<string, number>;
}

/** All that was looked at. */
export interface Observation {
  readonly log: readonly LogRow[];
  /** Records of the topics that were looked at. */
  readonly topics: readonly TopicRow[];
  readonly topicNames: ReadonlySet<string>;
  readonly views: readonly SeenView[];
  /** Aggregates that the relay has parked. */
  readonly parkedInRelay: number;
}
