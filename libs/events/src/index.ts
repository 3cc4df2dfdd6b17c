/**
 * The vocabulary of nova: the catalogue of event types (made at run time from the messages of
 * proto/ and their options), the event as the log holds it, and every name that follows from it:
 * topics, partitions, lanes, headers, positions, derived ids, consistency tokens.
 *
 * Payloads come in through `acceptPayload`, which answers with what is stored or with all the
 * reasons why nothing is; records come back through `decodeRecord`, which answers with the event or
 * with why the record is foreign.
 */
export { acceptAnyPayload } from './accept-any-payload.ts';
export {
  type AcceptedPayload,
  acceptPayload,
  type GivenPayload,
  MAX_PAYLOAD_BYTES,
} from './accept-payload.ts';
export { type Annotations, annotationsFromJson, annotationsToJson } from './annotations.ts';
export { canonicalJson, type ReadonlyJson, requestHash } from './canonical-json.ts';
export { type Catalogue, catalogue, type Resolved } from './catalogue.ts';
export { MAX_NESTING } from './check-json.ts';
export { decodeToken, encodeToken, type TokenEntry } from './consistency-token.ts';
export { type DecodedRecord, decodeRecord, type RawHeaders } from './decode-record.ts';
export {
  contactId,
  devUserId,
  directConversationId,
  effectId,
  followId,
  ircConversationId,
  ircEventId,
  ircUserId,
  participantId,
  requestEventId,
} from './derived-ids.ts';
export { eventSchema } from './event-schema.ts';
export type { EventField, EventType, KeyRule } from './event-type.ts';
export type { FieldForm } from './field-form.ts';
export { DEFAULT_PARTITIONS, LANES, laneOf, partitionOf } from './lanes.ts';
export { nearestOf } from './nearest.ts';
export { formatPosition, type LogPosition, parsePosition } from './position.ts';
export { readEventType } from './read-event-type.ts';
export { recordHeaders } from './record-headers.ts';
export { formatTime, type Instant, parseTime } from './rfc3339.ts';
export type { StoredEvent } from './stored-event.ts';
export { deadLetterTopicOf, isEventTypeName, topicOf } from './topics.ts';
export { derivedId, isCanonicalUuid, newEventId } from './uuid.ts';
