import { parsePosition } from '@nova/events';
import { appendFromSource, logHead, type SourceEvent, type SourceOutcome } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import type {
  ForwardedEvent,
  ForwardRequest,
  ForwardResponseSchema,
  ForwardResultSchema,
} from '@nova/proto/gen/events/event_forwarding_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptEach, type RefusalMessage } from '../domain/accept-each.ts';
import type { GivenEvent } from '../domain/accept-event.ts';
import { parseLogEvent } from '../domain/accept-log-request.ts';
import { placeOf } from '../domain/append-response.ts';
import { invalid, sourceRefusalMessage } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { arrivalOf, type Dependencies, sourceOf } from './dependencies.ts';
import { checkPosition } from './log-windows.ts';

type Result = MessageInitShape<typeof ForwardResultSchema>;

/**
 * Appends what a team has committed in an outbox of its own: see `appendFromSource`.
 *
 * @throws POSITION_LOST when the log was restored to an earlier state since the last call
 */
export function forward({ database, types, clock, wake }: Dependencies) {
  return async (
    request: ForwardRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof ForwardResponseSchema>> => {
    const violations = new Violations();
    await checkLast(database, request.lastPosition, violations);
    const given = request.events.map((one, index) => parse(one, `events[${index}]`, violations));
    if (!violations.none) throw invalid(violations);
    const known = await types.judge(given);
    const arrival = { ...arrivalOf(call, clock, known, undefined), isFromService: true };
    const { accepted, refused } = acceptEach(given, arrival, violations);
    if (!violations.none) throw invalid(violations);
    const events: SourceEvent[] = accepted.map(({ event, index }) => ({
      event,
      sourceVersion: request.events[index]?.sourceVersion ?? 0n,
    }));
    const outcomes = await appendFromSource(database, sourceOf(call), events);
    if (outcomes.some((one) => one.outcome === 'stored' && !one.stored.replayed)) wake();
    const results = new Map<number, Result>();
    for (const [index, refusal] of refused) results.set(index, refusedResult(refusal));
    accepted.forEach(({ event, index }, place) => {
      const outcome = outcomes[place];
      if (outcome !== undefined) results.set(index, resultOf(outcome, event, index));
    });
    return { results: given.map((_, index) => results.get(index) ?? {}) };
  };
}

/** What the caller was answered last must still be in the log: else it has more to send again. */
async function checkLast(database: Database, given: string, violations: Violations): Promise<void> {
  if (given === '') return;
  const last = parsePosition(given);
  if (last === undefined) violations.add('last_position', 'must be a position as nova writes it');
  else checkPosition(last, await logHead(database));
}

function parse(given: ForwardedEvent, prefix: string, violations: Violations): GivenEvent {
  const { event, aggregateType, sourceVersion } = given;
  if (sourceVersion < 1n) violations.add(`${prefix}.source_version`, 'must be 1 or more');
  if (event === undefined) {
    violations.add(`${prefix}.event`, 'is required');
    return { ...NOTHING, aggregateType };
  }
  if (event.eventId === '') violations.add(`${prefix}.event.event_id`, 'is required');
  return { ...parseLogEvent(event, `${prefix}.event`, violations), aggregateType };
}

const NOTHING: GivenEvent = {
  eventType: '',
  aggregateId: '',
  aggregateType: '',
  payload: undefined,
  eventId: '',
  correlationId: '',
  causationId: '',
  metadata: {},
};

function resultOf(outcome: SourceOutcome, event: SourceEvent['event'], index: number): Result {
  if (outcome.outcome === 'refused') {
    return {
      ...refusedResult(sourceRefusalMessage(outcome, event, index)),
      lastSourceVersion: outcome.head,
    };
  }
  const { stored } = outcome;
  const value = { ...placeOf(stored), replayed: stored.replayed };
  return { outcome: { case: 'appended', value } };
}

function refusedResult(value: RefusalMessage): Result {
  return { outcome: { case: 'refusal', value } };
}
