import type { Annotations } from './annotations.ts';
import type { LogPosition } from './position.ts';

/** An event of the log, its payload exactly as it is stored and published. */
export interface StoredEvent {
  readonly position: LogPosition;
  readonly eventId: string;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** 1, 2, 3 … within the aggregate, without holes. */
  readonly aggregateVersion: bigint;
  /** 1, 2, 3 … among the events of this type in this aggregate. */
  readonly typeSequence: bigint;
  /** For each event type stored before in this aggregate, the version of its last event. */
  readonly previous: Readonly<Record<string, bigint>>;
  readonly lane: number;
  /** JSON text, UTF-8. */
  readonly payload: Uint8Array;
  /** "/nova/<service or publishing identity>" */
  readonly source: string;
  readonly tenant?: string;
  /** RFC 3339, UTC, microseconds, as is storedAt. */
  readonly occurredAt: string;
  /** Never decreasing with position. */
  readonly storedAt: string;
  readonly annotations: Annotations;
}
