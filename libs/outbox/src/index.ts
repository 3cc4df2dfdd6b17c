export { append } from './append.ts';
export {
  type LaneCursor,
  type LogEpoch,
  type LogState,
  logHead,
  type OutboxStatus,
  outboxStatus,
  rebase,
} from './log-state.ts';
export {
  aggregateTypesOf,
  eventById,
  eventsByAggregate,
  eventsById,
  eventsByType,
  readWindow,
  type WindowRequest,
} from './read-events.ts';
export { createRelay } from './relay/create-relay.ts';
export type { EventPublisher, OutgoingBatch, OutgoingRecord } from './relay/publisher.ts';
export type { Relay } from './relay/relay.ts';
export { type RelaySettings, relayRules, relaySettings } from './relay/settings.ts';
export type { RelayStatus } from './relay/status.ts';
export { type Resolved, resolve, type SeenAggregate } from './resolve.ts';
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
