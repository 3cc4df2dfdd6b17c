import type { JsonObject } from '@nova/proto/runtime';

/** The event types that a log gives. */
export type ImportedType =
  | 'conversation_created'
  | 'user_created'
  | 'user_updated'
  | 'member_added'
  | 'member_removed'
  | 'message_created';

/** An event to publish, and the line that it comes from. */
export interface ImportEvent {
  readonly eventId: string;
  readonly eventType: ImportedType;
  readonly aggregateId: string;
  readonly payload: JsonObject;
  /** Milliseconds since 1970. */
  readonly occurredAtMs: number;
  readonly line: number;
}
