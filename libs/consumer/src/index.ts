/** Consumers. */
export type { Consumer } from './consumer.ts';
export { type ConsumerPorts, createConsumer } from './create-consumer.ts';
export { type ConsumerDefinition, groupIdOf } from './definition.ts';
export {
  type DeliveredBatch,
  type DeliveryOptions,
  type DeliverySource,
  type IncomingRecord,
  type OpenSource,
  partitionKey,
  type StartOffset,
  type TopicPartition,
} from './delivery-source.ts';
export {
  type AggregateRows,
  type Effect,
  type EffectAppend,
  type EffectEvent,
  type EffectOutcome,
  type EventAppender,
  effect,
  type PlannedEffect,
} from './effect.ts';
export { errors } from './errors.ts';
export type {
  AggregateRange,
  ConsumerRegistration,
  LogRange,
  LogReader,
  LogStanding,
} from './log-reader.ts';
export { type ConsumerSettings, consumerSettings } from './settings.ts';
export type { ConsumerPhase, ConsumerStatus, DeliveryState, TokenAnswer } from './status.ts';

/** Where the migrations of a consumer's own tables are; owner `consumer`. */
export const consumerMigrations = new URL('../migrations/', import.meta.url);
