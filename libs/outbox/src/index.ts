export { append } from './append.ts';
export { createRelay } from './relay/create-relay.ts';
export type { EventPublisher, OutgoingBatch, OutgoingRecord } from './relay/publisher.ts';
export type { Relay } from './relay/relay.ts';
export { type RelaySettings, relayRules, relaySettings } from './relay/settings.ts';
export type { RelayStatus } from './relay/status.ts';
export type {
  Appended,
  AppendRefusal,
  AppendUnit,
  Condition,
  NewEvent,
  RequestKey,
  UnitResult,
} from './unit.ts';
export { WAKE_CHANNEL } from './wake-channel.ts';

/** Where the migrations of the log are. */
export const outboxMigrations = new URL('../migrations/', import.meta.url);
