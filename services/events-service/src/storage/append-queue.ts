import { isNovaError, NovaError } from '@nova/errors';
import type { AppendUnit, UnitResult } from '@nova/outbox';
import { errors as postgresErrors } from '@nova/postgres';
import {
  counter,
  histogram,
  metricNames,
  spanAttributes,
  spanNames,
  withSpan,
} from '@nova/telemetry';
import type { Clock } from '@nova/time';
import { errors } from '../errors.ts';
import { Line, sizeOf, type UnitSize } from './append-line.ts';
import { Pace } from './append-pace.ts';
import { isRefusedContent } from './refused-content.ts';

/** A caller that was refused comes back no sooner than this. */
const LEAST_RETRY_MS = 50;

/** Who waits for a unit: until when, and whether still. */
export interface AppendCaller {
  readonly signal: AbortSignal;
  /** Milliseconds until its deadline; Infinity where there is none. */
  remainingMs(): number;
  /** Told in the same turn in which the queue gives a unit up, before it takes anything further. */
  readonly failed?: (thrown: unknown) => void;
}

/**
 * Adds a unit to the log; resolves after its commit. It is admitted or refused before this returns.
 *
 * @throws APPEND_QUEUE_FULL, APPEND_WAIT_TOO_LONG when nothing was stored; what `append` throws
 */
export type Append = (unit: AppendUnit, caller: AppendCaller) => Promise<UnitResult>;

/** The one door to the log. */
export interface AppendQueue {
  readonly append: Append;
  /** Whether a unit of so many bytes would be admitted now. */
  hasRoom(bytes: number): boolean;
  /** Resolves when some of what waits has been taken, or `signal` aborts: then ask again. */
  room(signal: AbortSignal): Promise<void>;
}

/** What the queue works with. */
export interface AppendQueueDependencies {
  /** Appends many units in one statement. */
  readonly append: (units: readonly AppendUnit[]) => Promise<UnitResult[]>;
  /** Tells relays and followers that the log has grown. */
  readonly wake: () => void;
  readonly clock: Clock;
}

interface Waiting extends UnitSize {
  readonly unit: AppendUnit;
  readonly signal: AbortSignal;
  readonly resolve: (result: UnitResult) => void;
  readonly reject: (thrown: unknown) => void;
}

const appended = counter(metricNames.appendedEvents, 'events appended to the log');
const duration = histogram(metricNames.appendDuration, 'time from call to commit of an append');

/**
 * Every append of this process goes through here, one statement at a time: the log's lock would
 * serialise them anyway. What arrives while a statement is in flight goes with the next one, so
 * that calls of many callers share a commit and nobody waits for a timer. What may wait is bounded
 * in number and bytes, and a caller whose deadline would pass while it waits is told so at once.
 */
export function createAppendQueue(given: AppendQueueDependencies): AppendQueue {
  const { clock } = given;
  const line = new Line<Waiting>();
  const pace = new Pace(clock);
  const settle = settling(given, line, pace);
  let flushing = false;

  const flushAll = async () => {
    flushing = true;
    while (line.length > 0) await settle(line.takeBatch());
    flushing = false;
  };
  const refusalOf = (size: UnitSize, caller: AppendCaller): NovaError | undefined => {
    const waitMs = flushing ? pace.waitMs(line.statements(size)) : 0;
    const retryAfterMs = Math.max(LEAST_RETRY_MS, Math.ceil(waitMs));
    if (!line.hasRoom(size.bytes)) {
      return new NovaError(errors.APPEND_QUEUE_FULL, {}, { retryAfterMs });
    }
    if (waitMs <= caller.remainingMs()) return undefined;
    const ms = Math.ceil(waitMs);
    return new NovaError(errors.APPEND_WAIT_TOO_LONG, { ms }, { retryAfterMs });
  };
  const enqueue: Append = (unit, caller) => {
    const size = sizeOf(unit);
    const refusal = refusalOf(size, caller);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<UnitResult>((resolve, reject) => {
      const giveUp = (thrown: unknown) => {
        caller.failed?.(thrown);
        reject(thrown);
      };
      line.add({ unit, ...size, signal: caller.signal, resolve, reject: giveUp });
      if (!flushing) void flushAll();
    });
  };

  return {
    hasRoom: (bytes) => line.hasRoom(bytes),
    room: (signal) => line.moved(signal),
    append(unit, caller) {
      const startedMs = clock.monotonicMs();
      const attributes = { [spanAttributes.events]: unit.events.length };
      return withSpan(spanNames.append, { kind: 'client', attributes }, async () => {
        const result = await enqueue(unit, caller);
        measure(unit, result);
        duration.record((clock.monotonicMs() - startedMs) / 1000, { outcome: result.outcome });
        return result;
      });
    },
  };
}

/** Brings a batch to its results, with as many statements as it takes to find who is at fault. */
function settling(
  { append, wake }: AppendQueueDependencies,
  line: Line<Waiting>,
  pace: Pace,
): (batch: readonly Waiting[]) => Promise<void> {
  const settle = async (taken: readonly Waiting[], again = false) => {
    const batch = withoutGivenUp(taken);
    if (batch.length === 0) return;
    const end = pace.begin();
    let results: UnitResult[];
    try {
      results = await append(batch.map(({ unit }) => unit)).finally(end);
    } catch (thrown) {
      await settleFailure(batch, thrown, again);
      return;
    }
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result === undefined) reject(new TypeError('append answered fewer units than given'));
      else resolve(result);
    }
    if (results.some(grew)) wake();
  };
  // A statement that the server refused has stored nothing: each half of the units that shared it is
  // tried again, until the one at fault is alone, and one that was alone once more: what it waited for
  // may have been a migration that changed what it calls. After a lost connection it may have been
  // stored: that is for the callers, whose request ids make the retry safe.
  const settleFailure = async (batch: readonly Waiting[], thrown: unknown, again: boolean) => {
    if ((batch.length > 1 || !again) && isRefusal(thrown)) {
      const half = Math.ceil(batch.length / 2);
      await settle(batch.slice(0, half), true);
      await settle(batch.slice(half), true);
      return;
    }
    for (const { reject } of batch) reject(thrown);
    // Whoever waits would wait for the same silence once more, beyond its deadline.
    if (isNovaError(thrown, postgresErrors.POSTGRES_UNAVAILABLE)) {
      for (const { reject } of line.clear()) reject(thrown);
    }
  };
  return settle;
}

/** Those whose callers still want them; the others are told why they do not. */
function withoutGivenUp(taken: readonly Waiting[]): readonly Waiting[] {
  for (const { signal, reject } of taken) if (signal.aborted) reject(signal.reason);
  return taken.filter(({ signal }) => !signal.aborted);
}

/** Whether the server refused the statement, for what was in it or for want of room. */
function isRefusal(thrown: unknown): boolean {
  return isNovaError(thrown, postgresErrors.POSTGRES_FULL) || isRefusedContent(thrown);
}

function grew(result: UnitResult): boolean {
  return (
    result.outcome === 'stored' &&
    !result.replayed &&
    result.events.some((event) => 'position' in event && !event.replayed)
  );
}

function measure(unit: AppendUnit, result: UnitResult): void {
  if (result.outcome !== 'stored' || result.replayed) return;
  const byType = new Map<string, number>();
  result.events.forEach((event, index) => {
    const type = unit.events[index]?.eventType;
    if (type === undefined || !('position' in event) || event.replayed) return;
    byType.set(type, (byType.get(type) ?? 0) + 1);
  });
  for (const [type, n] of byType) appended.add(n, { event_type: type });
}
