import type { LogPosition, StoredEvent } from '@nova/events';

/** A part of one aggregate's events. */
export interface AggregateRange {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly afterVersion: bigint;
  readonly eventTypes: readonly string[];
}

/** A part of the log. */
export interface LogRange {
  /** Events after it; undefined = from the beginning. */
  readonly from: LogPosition | undefined;
  /** Of these lanes only. */
  readonly lanes: readonly number[];
  readonly eventTypes: readonly string[];
  /** Leaves payloads empty. */
  readonly headersOnly: boolean;
  readonly signal?: AbortSignal;
}

/** Where the log stands. Structurally the `LogState` of libs/outbox. */
export interface LogStanding {
  readonly head: LogPosition;
  /** Oldest first. */
  readonly epochs: readonly { readonly epoch: string; readonly firstPosition: bigint }[];
  /** Every event of the lane at or below `position` is in Kafka. */
  readonly lanes: readonly { readonly lane: number; readonly position: LogPosition }[];
}

/** What a consumer tells events-service about itself, again and again. */
export interface ConsumerRegistration {
  readonly service: string;
  readonly consumer: string;
  readonly generation: number;
  readonly eventTypes: readonly string[];
  /** The properties that it reads, by event type; of one that is not here it may read any. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** Access to the log: service-kit satisfies it over gRPC, specs over libs/outbox. */
export interface LogReader {
  /**
   * The next events of many aggregates, each aggregate's in version order, at most `limit` of each.
   * An aggregate that the log does not have yields nothing.
   */
  readAggregates(
    ranges: readonly AggregateRange[],
    limit: number,
    signal?: AbortSignal,
  ): AsyncIterable<readonly StoredEvent[]>;
  /**
   * The log in its order, from a position to the head that it has when read; then it ends.
   * Everything up to `scanned` was looked at, also where nothing was found.
   */
  readLog(
    range: LogRange,
  ): AsyncIterable<{ readonly events: readonly StoredEvent[]; readonly scanned: LogPosition }>;
  getLog(): Promise<LogStanding>;
  register(registration: ConsumerRegistration): Promise<void>;
}
