import { formatPosition, parsePosition } from '@nova/events';
import type { ReadLogRequest, ReadLogResponseSchema } from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptEventTypes, acceptLanes } from '../domain/accept-log-request.ts';
import type { KnownTypes } from '../domain/known-types.ts';
import { chunksOf } from '../domain/log-chunks.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';
import { type LogReading, type LogWindow, windowsOf } from './log-windows.ts';

/** While nothing matches, a follower hears at most this often how far the log was scanned. */
const CHECKPOINT_MS = 1_000;

type Response = MessageInitShape<typeof ReadLogResponseSchema>;

/**
 * Streams the log in order. Each message says how far was scanned, which is where a reader resumes.
 * The next window is read only after the last message was taken, so a slow reader costs one window.
 *
 *   reading ── window not empty ──▶ reading
 *      │ nothing after the cursor
 *      ├─ follow: wait for growth or a second ──▶ reading
 *      └─ else: end, after a message that names the head
 */
export function readLog(dependencies: Dependencies) {
  const { clock, types } = dependencies;
  return async function* (request: ReadLogRequest, call: Call): AsyncGenerator<Response> {
    const reading = accept(request, await types.know(request.eventTypes));
    let said = reading.from?.position ?? 0n;
    let saidAtMs = clock.monotonicMs();
    for await (const window of windowsOf(dependencies, reading, call.signal)) {
      const { position } = window.scanned;
      const ends = window.atHead && !reading.follow;
      const isDue = position > said && clock.monotonicMs() - saidAtMs >= CHECKPOINT_MS;
      if (window.events.length === 0 && !ends && !isDue) continue;
      yield* messagesOf(window, reading.headersOnly);
      said = position;
      saidAtMs = clock.monotonicMs();
    }
  };
}

function accept(
  request: ReadLogRequest,
  types: KnownTypes,
): LogReading & { readonly headersOnly: boolean } {
  const violations = new Violations();
  const from = request.from === '' ? undefined : parsePosition(request.from);
  if (request.from !== '' && from === undefined) {
    violations.add('from', 'must be a position as nova writes it');
  }
  const lanes = acceptLanes(request.lanes, violations);
  const eventTypes = acceptEventTypes(types, request.eventTypes, 'event_types', violations);
  if (!violations.none) throw invalid(violations);
  const { headersOnly, follow } = request;
  const filter = {
    ...(lanes.length === 0 ? {} : { lanes }),
    ...(eventTypes.length === 0 ? {} : { eventTypes }),
  };
  return { from, filter, headersOnly, follow };
}

function* messagesOf(window: LogWindow, headersOnly: boolean): Generator<Response> {
  const chunks = [...chunksOf(window.events, { headersOnly })];
  const last = chunks.pop();
  for (const chunk of chunks) {
    yield { events: [...chunk.events], scanned: formatPosition(chunk.last) };
  }
  yield { events: [...(last?.events ?? [])], scanned: formatPosition(window.scanned) };
}
