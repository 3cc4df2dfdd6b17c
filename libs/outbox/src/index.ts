/**
 * The log: one append-only table that is outbox and event store at once (docs/adr, DECISIONS 1-8).
 *
 *   append    units of many callers → outbox_append, one statement under the log's lock; positions
 *             are dense and in commit order, so every reader is simply `position > cursor`
 *   resolve   asked before a refusal: an earlier answer, or events to decide on anew
 *   read      by id, aggregate, type, and `readWindow` for everything that follows the log
 *   relay     lanes with leases → EventPublisher, a port that a Kafka client satisfies
 *   source    appendFromSource: what teams have committed in outboxes of their own (`./local`)
 *
 * A refusal is an answer, not an error. An error of append stored nothing, except
 * POSTGRES_UNAVAILABLE, after which nobody knows; the request key makes the retry safe. After a
 * restart, promotion or restore of the server the next append begins a new epoch.
 */
export { append } from './append.ts';
export { type BacklogPart, backlogParts, type TypeStats, typeStats } from './event-stats.ts';
export {
  type LaneCursor,
  type LogEpoch,
  type LogState,
  logHead,
  noticeIncarnation,
  type OutboxStatus,
  outboxStatus,
  rebase,
} from './log-state.ts';
export { type ParkedInRelay, parkedInRelay, retryParkedInRelay } from './parked.ts';
export {
  aggregateTypesOf,
  countMatching,
  type EventFilter,
  eventById,
  eventsAt,
  eventsByAggregate,
  eventsById,
  eventsByType,
  positionBefore,
  readWindow,
  type WindowRequest,
} from './read-events.ts';
export { createRelay } from './relay/create-relay.ts';
export type { EventPublisher, OutgoingBatch, OutgoingRecord } from './relay/publisher.ts';
export type { Relay } from './relay/relay.ts';
export { type RelaySettings, relayDefaults, relayRules, relaySettings } from './relay/settings.ts';
export type { RelayStatus } from './relay/status.ts';
export {
  cancelRepublish,
  countRange,
  listRepublishes,
  type Republish,
  type RepublishRequest,
  startRepublish,
} from './republish.ts';
export { type Resolved, resolve, type SeenAggregate } from './resolve.ts';
export {
  appendFromSource,
  type SourceOutcome,
  type SourceStored,
} from './source/append-from-source.ts';
export { SOURCE_VERSION, type SourceEvent, type SourceRefusal } from './source/judge-source.ts';
export type {
  Appended,
  AppendRefusal,
  AppendUnit,
  Condition,
  NewEvent,
  RequestKey,
  UnitResult,
} from './unit.ts';
export { ensurePartitions, purgeRequests } from './upkeep.ts';
export { WAKE_CHANNEL } from './wake-channel.ts';
export { createWaker } from './waker.ts';

/** Where the migrations of the log are. */
export const outboxMigrations = new URL('../migrations/', import.meta.url);
