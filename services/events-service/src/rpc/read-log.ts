import { NovaError } from '@nova/errors';
import { formatPosition, type LogPosition, parsePosition } from '@nova/events';
import { type LogState, logHead, readWindow } from '@nova/outbox';
import type { ReadLogRequest, ReadLogResponseSchema } from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptEventTypes, acceptLanes } from '../domain/accept-log-request.ts';
import { chunksOf } from '../domain/log-chunks.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import type { Dependencies } from './dependencies.ts';

/** A follower looks at the log at least this often, in case a notification was lost. */
const POLL_MS = 1_000;
/** While nothing matches, a follower hears at most this often how far the log was scanned. */
const CHECKPOINT_MS = 1_000;
/** What one query looks at: positions, more of them where a filter leaves most out, and bytes. */
const WINDOW_ROWS = 1_000;
const FILTERED_WINDOW_ROWS = 10_000;
const WINDOW_BYTES = 1024 * 1024;

type Response = MessageInitShape<typeof ReadLogResponseSchema>;

interface Reading {
  readonly from: LogPosition | undefined;
  readonly filter: { readonly lanes?: readonly number[]; readonly eventTypes?: readonly string[] };
  readonly headersOnly: boolean;
  readonly follow: boolean;
}

/**
 * Streams the log in order. Each message says how far was scanned, which is where a reader resumes.
 * The next window is read only after the last message was taken, so a slow reader costs one window.
 *
 *   reading ── window not empty ──▶ reading
 *      │ nothing after the cursor
 *      ├─ follow: wait for growth or POLL_MS ──▶ reading
 *      └─ else: end, after a message that names the head
 */
export function readLog(dependencies: Dependencies) {
  const { clock } = dependencies;
  return async function* (request: ReadLogRequest, call: Call): AsyncGenerator<Response> {
    const reading = accept(request);
    let said = reading.from?.position ?? 0n;
    let saidAtMs = clock.monotonicMs();
    for await (const window of windows(dependencies, reading, call.signal)) {
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

/** What one query of the log found; `atHead` when there was nothing after the one before. */
type Window = Awaited<ReturnType<typeof readWindow>> & { readonly atHead: boolean };

async function* windows(
  { database, growth }: Dependencies,
  { from, follow, headersOnly, filter }: Reading,
  signal: AbortSignal,
): AsyncGenerator<Window> {
  let cursor = from;
  if (cursor !== undefined) checkPosition(cursor, await logHead(database));
  const limit = Object.keys(filter).length === 0 ? WINDOW_ROWS : FILTERED_WINDOW_ROWS;
  while (!signal.aborted) {
    const watch = growth.watch();
    const after = cursor?.position ?? 0n;
    const window = await readWindow(database, {
      after,
      limit,
      maxBytes: WINDOW_BYTES,
      headersOnly,
      ...filter,
    });
    // The log may have been restored to an earlier state under a reader that has read further.
    const isSameEpoch = cursor === undefined || cursor.epoch === window.scanned.epoch;
    if (cursor !== undefined && !isSameEpoch) checkPosition(cursor, await logHead(database));
    const atHead = window.scanned.position <= after;
    yield { ...window, atHead };
    if (atHead && !follow) return;
    cursor = window.scanned;
    if (atHead) await watch.wait(POLL_MS, signal);
  }
}

function accept(request: ReadLogRequest): Reading {
  const violations = new Violations();
  const from = request.from === '' ? undefined : parsePosition(request.from);
  if (request.from !== '' && from === undefined) {
    violations.add('from', 'must be a position as nova writes it');
  }
  const lanes = acceptLanes(request.lanes, violations);
  const eventTypes = acceptEventTypes(request.eventTypes, 'event_types', violations);
  if (!violations.none) throw invalid(violations);
  const { headersOnly, follow } = request;
  const filter = {
    ...(lanes.length === 0 ? {} : { lanes }),
    ...(eventTypes.length === 0 ? {} : { eventTypes }),
  };
  return { from, filter, headersOnly, follow };
}

/** A position is valid while its epoch is known and lies below the next epoch (DECISIONS 6). */
function checkPosition(from: LogPosition, log: LogState): void {
  const index = log.epochs.findIndex(({ epoch }) => epoch === from.epoch);
  const next = log.epochs[index + 1]?.firstPosition ?? log.head.position + 1n;
  if (index < 0 || from.position >= next) {
    throw new NovaError(errors.POSITION_LOST, { position: formatPosition(from) });
  }
}

function* messagesOf(window: Window, headersOnly: boolean): Generator<Response> {
  const chunks = [...chunksOf(window.events, { headersOnly })];
  const last = chunks.pop();
  for (const chunk of chunks) {
    yield { events: [...chunk.events], scanned: formatPosition(chunk.last) };
  }
  yield { events: [...(last?.events ?? [])], scanned: formatPosition(window.scanned) };
}
