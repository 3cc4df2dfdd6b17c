import type { EffectAppend, EffectOutcome, EventAppender } from '@nova/consumer';
import { canonicalJson, parseTime } from '@nova/events';
import type { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { PublishMode } from '@nova/proto/gen/events/event_pb';
import type { Client } from '@nova/rpc';
import { areEventsRefused, logFailure } from './log-failure.ts';

/**
 * The event is there, with other content. Its id follows from the effect, so it is the effect's own:
 * stored by a try whose answer was lost, or whose process ended, and judged by what was known then.
 */
const STORED_BEFORE = 'EVENT_ID_REUSED';

/** The call of events-service that an appender makes. */
export type LogAppends = Pick<Client<typeof EventLog>, 'append'>;

/**
 * Appends the events of effects over gRPC, each judged by itself. A call that is refused as a whole,
 * and so has stored nothing, is cut in halves until the event that is to blame stands alone; what
 * stands behind it for the same target is then not sent.
 */
export function eventAppenderOver(client: LogAppends): EventAppender {
  return { append: (events) => appendAll(client, events, new Set()) };
}

async function appendAll(
  client: LogAppends,
  given: readonly EffectAppend[],
  refusedTargets: Set<string>,
): Promise<readonly EffectOutcome[]> {
  const events = given.filter(({ target }) => !refusedTargets.has(target));
  const outcomes = await appendOpen(client, events, refusedTargets);
  const byEvent = new Map(events.map((event, index) => [event, outcomes[index]]));
  return given.map((event) => byEvent.get(event) ?? { outcome: 'held' });
}

async function appendOpen(
  client: LogAppends,
  events: readonly EffectAppend[],
  refusedTargets: Set<string>,
): Promise<readonly EffectOutcome[]> {
  const [only] = events;
  if (only === undefined) return [];
  try {
    const request = { events: events.map(newEventOf), mode: PublishMode.EACH };
    const { results } = await client.append(request);
    return results.map(({ outcome }) =>
      outcome.case === 'refusal' && outcome.value.reason !== STORED_BEFORE
        ? { outcome: 'refused', reason: outcome.value.reason }
        : { outcome: 'stored' },
    );
  } catch (thrown) {
    if (!areEventsRefused(thrown)) throw logFailure(thrown);
    if (events.length === 1) {
      refusedTargets.add(only.target);
      return [{ outcome: 'refused', reason: thrown.message }];
    }
  }
  const middle = Math.ceil(events.length / 2);
  return [
    ...(await appendAll(client, events.slice(0, middle), refusedTargets)),
    ...(await appendAll(client, events.slice(middle), refusedTargets)),
  ];
}

function newEventOf(event: EffectAppend) {
  const { eventId, eventType, aggregateId, causationId, correlationId = '' } = event;
  const occurredAt = parseTime(event.occurredAt);
  return {
    eventId,
    eventType,
    aggregateId,
    payload: new TextEncoder().encode(canonicalJson(event.payload)),
    causationId,
    correlationId,
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
}
