import type { Violation } from '@nova/errors';
import { fromJson, type JsonObject, toJson } from '@nova/proto/runtime';
import type { EventType } from './event-type.ts';

/** What a publisher gave. An empty aggregateId is derived from the payload where that can be. */
export interface GivenPayload {
  readonly aggregateId: string;
  readonly payload: JsonObject;
}

/** The payload as it will be stored, or every reason why not. */
export type AcceptedPayload =
  | { readonly ok: true; readonly aggregateId: string; readonly payload: Uint8Array }
  | { readonly ok: false; readonly violations: Violation[] };

/** Judges a payload against its schema. Field paths begin with `payload` or are `aggregate_id`. */
export function acceptPayload(eventType: EventType, given: GivenPayload): AcceptedPayload {
  const message = fromJson(eventType.message, given.payload);
  const json = toJson(eventType.message, message, { useProtoFieldName: true });
  const payload = new TextEncoder().encode(JSON.stringify(json));
  return { ok: true, aggregateId: given.aggregateId, payload };
}
