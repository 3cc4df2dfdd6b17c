import type { DescMessage, JsonObject } from '@nova/proto/runtime';

/** An event that a command decides on. */
export interface DecidedEvent {
  readonly schema: DescMessage;
  readonly aggregateId: string;
  readonly payload: JsonObject;
}

/** What a command does, with what its answer tells besides. */
export interface Decided {
  readonly events: readonly DecidedEvent[];
  readonly reply: JsonObject;
}
