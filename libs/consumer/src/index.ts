/**
 * Consumers: views fed by Kafka, each event applied once and in its aggregate's order, whatever Kafka
 * delivers. The life of a delivery:
 *
 *   source (libs/kafka) --batch--> intake: decoded, or foreign and set aside
 *        |                            |
 *        |                            v gathered with what was held of the same aggregates
 *        |                          round --order guard--> duplicate: dropped, counted
 *        |                            |                    early: held, at most 200 ms, then the
 *        |                            |                           log is asked for what is missing
 *        |                            v
 *        |       one transaction: rows, marks, effects, parked copies, offsets   (commit-round.ts)
 *        |                            |
 *        +<-- commit, only a hint ----+--> effects: judged and appended after commit, per target
 *
 *   what fails                    what happens
 *   a fold, a row, an effect      its aggregate is cut out, retried after 100 ms, 1 s and 10 s, then
 *                                 parked; its later events queue behind it; all others flow
 *   an event kills the process    it is found among those in work at its death, tried alone, parked
 *   too much is parked            the partitions with more of it stand still until there is room
 *   the database or the log       the round is tried again until they are back, partitions pause,
 *                                 the member stays in its group, no attempt is burnt
 *   Kafka loses a record          the tail check finds it in the log within two minutes, also where
 *                                 the broker has deleted it together with what came before
 *   Kafka repeats or rewinds      marks make it harmless; the stored offset is checked by the record
 *                                 that stands there, and read from the beginning if it is another
 *   the log loses its end         marks of a lost epoch are folded anew from the log; effects that
 *                                 wait for lost events are dropped, new events have theirs
 *   another member rebuilds       the others find the new generation by themselves, their reads
 *                                 too, and lose nothing that they applied to the old one meanwhile
 *   this process is killed        what was committed is committed with its offsets; the rest comes
 *                                 again; a rebuild that it worked on is taken up by any member
 *   the client stops silently     the watchdog makes the membership anew
 *   new, or far behind            the log is read instead of Kafka, which then goes on where it ended
 *
 * A round begins at once after a pause and every 15 ms under load, with what has arrived until then,
 * in bounds of events and bytes. Effects are carried out by all members: 64 lanes, shared by leases
 * (libs/lease, as the relays share the log's).
 *
 * One file per concept: intake, partition-log, order-guard, holding-pen, rounds, fill (pure or in
 * memory but for their reads); settle-marked, marks, offsets, parking, tail, generation (tables); starting, catch-up,
 * tail-check, sweep, refold, rebuild, rebuilding, purge-retired, watchdog (what runs beside the rounds);
 * session (a membership), consumer-runner (the part). In parking/: what fails, and what operators do
 * about it.
 */
export type { AggregateName } from './aggregate.ts';
export type { Consumer } from './consumer.ts';
export { type ConsumerPorts, createConsumer } from './create-consumer.ts';
export type { BasisMark, DecisionBasis, WantedBasis } from './decision-basis.ts';
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
export type { FastMarkScope, FastMarks } from './fast-marks.ts';
export type { LogPart, Survey } from './log-part.ts';
export type {
  AggregateRange,
  ConsumerRegistration,
  LogRange,
  LogReader,
  LogStanding,
} from './log-reader.ts';
export type { ActCursor, ActStanding, FailedPart, NewAct, NewRefold } from './parking/acts.ts';
export type { DeadLetter, DeadLetters } from './parking/dead-letter.ts';
export type {
  ParkedAggregate,
  ParkedCursor,
  ParkedGroup,
  ParkedPage,
} from './parking/list-parked.ts';
export type { ParkedEffect } from './parking/parked-effects.ts';
export type { ParkingLot } from './parking/parking-lot.ts';
export type { EffectSelection, ParkedSelection } from './parking/selection.ts';
export type { ParkedDetails, WaitingEvent } from './parking/show-parked.ts';
export type { TriedOut } from './parking/try-parked.ts';
export type { RebuildStanding } from './rebuild-standing.ts';
export { type ConsumerSettings, consumerDefaults, consumerSettings } from './settings.ts';
export type { ConsumerPhase, ConsumerStatus, DeliveryState, TokenAnswer } from './status.ts';

/** Where the migrations of a consumer's own tables are; owner `consumer`. */
export const consumerMigrations = new URL('../migrations/', import.meta.url);
