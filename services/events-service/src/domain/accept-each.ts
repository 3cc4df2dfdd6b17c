import { reasonOf } from '@nova/errors';
import type { RefusalSchema } from '@nova/proto/gen/events/event_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { checkBatchBytes, checkBatchSize } from './accept-batch.ts';
import { type AcceptedEvent, type Arrival, acceptEvent, type GivenEvent } from './accept-event.ts';
import { invalid } from './refusal.ts';
import { Violations } from './violations.ts';

const MAX_MESSAGE = 500;

/** A refusal as answers carry it. */
export type RefusalMessage = MessageInitShape<typeof RefusalSchema>;

/** A batch whose events do not stand and fall together. */
export interface AcceptedEach {
  /** What goes on to the log, each with its place in the request. */
  readonly accepted: readonly (AcceptedEvent & { readonly index: number })[];
  /** By place in the request. */
  readonly refused: ReadonlyMap<number, RefusalMessage>;
  /** The aggregates that lost all of their events. */
  readonly emptied: ReadonlySet<string>;
}

/**
 * Accepts the events that are valid and says of each of the others what is wrong with it. Only what
 * is wrong with the request as a whole goes to `violations`.
 */
export function acceptEach(
  given: readonly GivenEvent[],
  arrival: Arrival,
  violations: Violations,
): AcceptedEach {
  const refused = new Map<number, RefusalMessage>();
  const refusedAggregates = new Set<string>();
  const accepted: (AcceptedEvent & { readonly index: number })[] = [];
  if (!checkBatchSize(given.length, 1, violations))
    return { accepted, refused, emptied: refusedAggregates };
  const indexOfId = new Map<string, number>();
  for (const [index, event] of given.entries()) {
    const prefix = `events[${index}]`;
    const own = new Violations();
    const one = acceptEvent(event, arrival, { prefix, index }, own);
    const before = one && indexOfId.get(one.event.eventId);
    if (before !== undefined) own.add(`${prefix}.event_id`, `is that of events[${before}]`);
    if (one !== undefined && own.none) {
      indexOfId.set(one.event.eventId, index);
      accepted.push({ ...one, index });
      continue;
    }
    refused.set(index, invalidRefusal(index, event, own));
    const aggregateId = one?.event.aggregateId ?? event.aggregateId;
    if (aggregateId !== '') refusedAggregates.add(aggregateId);
  }
  checkBatchBytes(
    accepted.map(({ event }) => event),
    violations,
  );
  if (refusedAggregates.size === 0) return { accepted, refused, emptied: refusedAggregates };
  const kept = new Set(accepted.map(({ event }) => event.aggregateId));
  const emptied = new Set([...refusedAggregates].filter((id) => !kept.has(id)));
  return { accepted, refused, emptied };
}

/** The refusal of an event with wrong fields. */
export function invalidRefusal(
  index: number,
  given: { readonly aggregateType: string; readonly aggregateId: string },
  violations: Violations,
): RefusalMessage {
  const all = violations.all.map(({ field, description }) => `${field} ${description}`).join('; ');
  return {
    index,
    reason: reasonOf(invalid(violations).kind),
    message: all.length > MAX_MESSAGE ? `${all.slice(0, MAX_MESSAGE).toWellFormed()}…` : all,
    aggregateType: given.aggregateType.slice(0, 255).toWellFormed(),
    aggregateId: given.aggregateId.slice(0, 255).toWellFormed(),
  };
}

const decoder = new TextDecoder();

/** What is kept with the stored answer of a request: which of its events never went to the log. */
export function refusedReply(refused: ReadonlyMap<number, unknown>): Uint8Array | undefined {
  if (refused.size === 0) return undefined;
  return new TextEncoder().encode(JSON.stringify([...refused.keys()]));
}

/**
 * The refusals that belong to a stored answer. What was refused then stays refused, also where the
 * event would be accepted today (its time was ahead of the clock, its type was not known).
 */
export function refusedThen(
  reply: Uint8Array | undefined,
  now: ReadonlyMap<number, RefusalMessage>,
): ReadonlyMap<number, RefusalMessage> {
  if (reply === undefined) return new Map();
  // Written by refusedReply above.
  const indexes = JSON.parse(decoder.decode(reply)) as readonly number[];
  return new Map(
    indexes.map((index) => [
      index,
      now.get(index) ?? {
        index,
        reason: 'EVENT_INVALID',
        message: `events[${index}] was refused when the request was first sent`,
      },
    ]),
  );
}
