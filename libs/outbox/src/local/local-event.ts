import type { GivenPayload } from '@nova/events';

/** An event that a team appends to its own outbox. */
export interface LocalEvent {
  readonly eventType: string;
  /** In canonical form; may be left out where the catalogue derives it from the payload. */
  readonly aggregateId?: string;
  /** Needed for types that are registered with nova and not in its catalogue. */
  readonly aggregateType?: string;
  /** JSON. */
  readonly payload: GivenPayload['payload'];
  /** A UUID that is never used again. New by default. */
  readonly eventId?: string;
  /** Now by default. */
  readonly occurredAt?: Date;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** At most 15 keys and 4,000 bytes as JSON: `source_version` joins them. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An event that became part of the caller's transaction. */
export interface LocallyAppended {
  readonly eventId: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** 1, 2, 3 … within the aggregate in this outbox; nova gives versions of its own. */
  readonly sourceVersion: bigint;
}

/** An event of the outbox as it is forwarded. */
export interface OutboxEvent extends LocallyAppended {
  /** Its place among the rows; order of appends for one aggregate, of nothing else. */
  readonly id: bigint;
  readonly eventType: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly occurredAt: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** JSON text, UTF-8. */
  readonly payload: Uint8Array;
}

/** Names an aggregate in maps. */
export function keyOf(of: {
  readonly aggregateType: string;
  readonly aggregateId: string;
}): string {
  return `${of.aggregateType}/${of.aggregateId}`;
}
