import { formatPosition } from '@nova/events';
import type { Appended, AppendRefusal, SourceStored, UnitResult } from '@nova/outbox';
import type {
  AppendedEventSchema,
  AppendResponseSchema,
  AppendResultSchema,
} from '@nova/proto/gen/events/event_log_pb';
import type { StoredAtSchema } from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from './event-time.ts';
import { refusalMessage } from './refusal.ts';

/** A unit that was stored, now or by an earlier call. */
export type StoredUnit = Extract<UnitResult, { outcome: 'stored' }>;

/** The outcomes of a stored unit that are not refusals. */
export function appendedOf(outcomes: readonly (Appended | AppendRefusal)[]): Appended[] {
  return outcomes.filter((outcome) => 'position' in outcome);
}

/** The answer of `EventLog.Append` for a stored unit, without its token. */
export function storedResponse(unit: StoredUnit): MessageInitShape<typeof AppendResponseSchema> {
  return {
    results: unit.events.map(resultMessage),
    replayed: unit.replayed,
    ...(unit.reply === undefined ? {} : { reply: unit.reply }),
  };
}

function resultMessage(
  outcome: Appended | AppendRefusal,
  index: number,
): MessageInitShape<typeof AppendResultSchema> {
  return {
    outcome:
      'position' in outcome
        ? { case: 'appended', value: appendedMessage(outcome) }
        : { case: 'refusal', value: refusalMessage(outcome, index) },
  };
}

/** Where an event was stored, for a stream of answers. */
export function storedAt(appended: Appended): MessageInitShape<typeof StoredAtSchema> {
  return { ...placeOf(appended), eventType: appended.eventType };
}

function appendedMessage(appended: Appended): MessageInitShape<typeof AppendedEventSchema> {
  return { ...placeOf(appended), replayed: appended.replayed };
}

/** Where an event is in the log. */
export function placeOf(appended: Omit<SourceStored, 'replayed'>) {
  return {
    eventId: appended.eventId,
    aggregateType: appended.aggregateType,
    aggregateId: appended.aggregateId,
    aggregateVersion: appended.aggregateVersion,
    typeSequence: appended.typeSequence,
    position: formatPosition(appended.position),
    storedAt: instantOf(appended.storedAt),
  };
}
