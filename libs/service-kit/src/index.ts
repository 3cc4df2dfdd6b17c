/**
 * The one skeleton of every nova process. A main file is `await runService(defineService({…}))`:
 *
 *   settings → ops server → probes → parts → gRPC → ready
 *                                                     │ SIGTERM, SIGINT, end of stdin, crash
 *   exit ← ops server ← parts in reverse ← gRPC drained ← not ready
 *
 * Nothing here knows what a service does; a service has no signal handler, no health endpoint and
 * no drain of its own. One that consumes gets more (`consuming/`): a database, Kafka, the log and a
 * consumer over them, and for its RPCs
 *
 *   commands     decide on own rows, append unless something has happened, decide again on what has
 *   queries      wait for a consistency token, read one snapshot of the views
 *   pageTokens   keyset pages that cannot be made up; `gatherPage` ends them where an answer is full
 *   ops          ops.OpsService beside its own RPCs, for `nova status` and `nova trace`
 *
 * One with an outbox of its own (`forwarding/`) gets its database, the tables and a forwarder.
 */
export {
  type CommandEvent,
  type CommandSpec,
  type Commands,
  type DecidedBy,
  type Decision,
  type DecisionRows,
  type GeneratedIds,
  type RowRef,
  rowRef,
  type StoredAnswer,
} from './commands/command-spec.ts';
export type { Consuming, Consumption } from './consuming/consuming-part.ts';
export type { LogClient } from './consuming/log-client.ts';
export { type ConsumingConfig, consumingSettings } from './consuming/settings.ts';
export { type DatabaseConfig, databasePart, type ServiceDatabase } from './database-part.ts';
export {
  type Built,
  type Command,
  type Config,
  defineService,
  type ServiceContext,
  type ServiceDefinition,
} from './define.ts';
export { errors } from './errors.ts';
export {
  type OutboxUse,
  type OwnOutbox,
  type OwnOutboxConfig,
  ownOutboxSettings,
} from './forwarding/own-outbox.ts';
export { declaredSettings, type Loaded, loadService } from './load.ts';
export { createPageTokens, type PageTokens } from './queries/page-tokens.ts';
export { fitting, gatherPage, type Page, type PageBounds } from './queries/pages.ts';
export type { Queries } from './queries/queries.ts';
export { actingUser, invalidRequest } from './request.ts';
export { runService } from './run.ts';
export { type Addresses, type DefaultPorts, type KitSettings, settings } from './settings.ts';
export { contextOf, type RunningService, startService } from './start.ts';
