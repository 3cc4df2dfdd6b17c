/**
 * The outbox of a team's own service, in the team's own database (library mode):
 *
 *   append               within the team's transaction, beside its own rows
 *   installLocalOutbox   the tables; also a SQL file (`localOutboxMigrations`)
 *   readOutboxWindow     what was committed since, once, beside transactions of every kind
 *   createForwarder      takes it to the log of nova over a port, and drops what is there
 *   outboxStanding, refusedAggregates, retryRefused   for operators
 *
 * One log, one relay to Kafka: nothing here writes a topic. nova gives every event a version of its
 * own; the version within this outbox travels as `source_version`, of which nova accepts no gap.
 */
export { append, type TransactionClient } from './append.ts';
export { createForwarder, type Forwarder, type ForwarderStatus } from './forwarder.ts';
export { installLocalOutbox, localOutboxMigrations } from './install.ts';
export type { LocalEvent, LocallyAppended, OutboxEvent } from './local-event.ts';
export type { ForwardAnswer, ForwardOutcome, MeshLog } from './mesh-log.ts';
export { type OutboxStanding, outboxStanding } from './outbox-standing.ts';
export {
  type RefusedAggregate,
  refusedAggregates,
  retryRefused,
} from './parked-by-nova.ts';
export { type ForwarderSettings, forwarderSettings } from './settings.ts';
export {
  BEGINNING,
  type OutboxCursor,
  type OutboxWindow,
  readOutboxWindow,
  type WindowBounds,
} from './window.ts';
