/**
 * An event as folds and effects see it: payload and headers only, nothing of how it arrived, so
 * that a view fed by Kafka equals one rebuilt from the log.
 */
export interface ViewEvent<Payload> {
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Place in the log: orders events of different aggregates that were stored at the same time. */
  readonly position: bigint;
  /** 1, 2, 3 … within the aggregate. */
  readonly version: bigint;
  /** 1, 2, 3 … among the events of this type in the aggregate. */
  readonly typeSequence: bigint;
  /** Fields that this version does not know are left out; null is absent. */
  readonly payload: Payload;
  /** RFC 3339, UTC, microseconds, as is storedAt: such texts sort by time. */
  readonly occurredAt: string;
  readonly storedAt: string;
  readonly source: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** RFC 3339. Stops effects, never views. */
  readonly expiresAt?: string;
  readonly metadata: Readonly<Record<string, string>>;
}
