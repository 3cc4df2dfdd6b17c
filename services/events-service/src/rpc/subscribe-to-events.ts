import { formatPosition, type LogPosition, type StoredEvent } from '@nova/events';
import type {
  SubscribeToEventsRequest,
  SubscribeToEventsResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptEventFilter, acceptStart } from '../domain/accept-subscription.ts';
import { eventMessage } from '../domain/event-message.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { createReadGate } from '../storage/read-gate.ts';
import type { Dependencies } from './dependencies.ts';
import { windowsOf } from './log-windows.ts';
import { startingPosition } from './starting-position.ts';

/** While nothing matches, a subscriber hears at most this often how far the log was looked at. */
const CHECKPOINT_MS = 1_000;
/** Connections to the database that all subscribers together use. */
const READS_AT_ONCE = 3;

type Response = MessageInitShape<typeof SubscribeToEventsResponseSchema>;

/**
 * The events that match, in the order of the log, for as long as the caller stays:
 *
 *   checkpoint (where it begins) ── windows of the log ──▶ events … checkpoint (caught up)
 *      ── as the log grows ──▶ events; while nothing matches a checkpoint per second
 *
 * Catching up and following are one: the log after a position, so there is no seam to lose or
 * double anything at. A caller that does not read holds back the next window; after 30 s without
 * reading it is cut off with RESOURCE_EXHAUSTED, and resumes after the last position it has.
 */
export function subscribeToEvents(dependencies: Dependencies) {
  const { clock, types } = dependencies;
  const gate = createReadGate(READS_AT_ONCE);
  return async function* (request: SubscribeToEventsRequest, call: Call): AsyncGenerator<Response> {
    const violations = new Violations();
    const filter = acceptEventFilter(await types.know(request.eventTypes), request, violations);
    const start = acceptStart(request.from, clock.now(), violations);
    if (!violations.none) throw invalid(violations);
    const { from, caughtUp } = await startingPosition(dependencies, start);
    yield checkpoint(from, caughtUp);
    let said = from.position;
    let saidAtMs = clock.monotonicMs();
    let isLive = caughtUp;
    const reading = { from, filter, follow: true, gate };
    for await (const window of windowsOf(dependencies, reading, call.signal)) {
      if (window.events.length > 0) {
        yield* window.events.map(eventAnswer);
        said = window.events.at(-1)?.position.position ?? said;
        saidAtMs = clock.monotonicMs();
      }
      const { position } = window.scanned;
      const isDue = position > said && clock.monotonicMs() - saidAtMs >= CHECKPOINT_MS;
      const isNowLive = window.atHead && !isLive;
      if (!isDue && !isNowLive) continue;
      isLive ||= window.atHead;
      yield checkpoint(window.scanned, window.atHead);
      said = position;
      saidAtMs = clock.monotonicMs();
    }
  };
}

function eventAnswer(event: StoredEvent): Response {
  return {
    position: formatPosition(event.position),
    content: { case: 'event', value: eventMessage(event) },
  };
}

function checkpoint(position: LogPosition, caughtUp: boolean): Response {
  return {
    position: formatPosition(position),
    content: { case: 'checkpoint', value: { caughtUp } },
  };
}
