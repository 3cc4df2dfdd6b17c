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

/** Adds a unit to the log; resolves after its commit. */
export type Append = (unit: AppendUnit, signal: AbortSignal) => Promise<UnitResult>;

/** What the queue works with. */
export interface AppendQueueDependencies {
  /** Appends many units in one statement. */
  readonly append: (units: readonly AppendUnit[]) => Promise<UnitResult[]>;
  /** Tells relays and followers that the log has grown. */
  readonly wake: () => void;
  readonly clock: Clock;
}

/** One statement takes at most this much; a unit alone may have 500 events and 1 MiB. */
const MAX_UNITS = 128;
const MAX_EVENTS = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** More than this waiting means that the database does not keep up. */
const MAX_WAITING = 2_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

interface Waiting {
  readonly unit: AppendUnit;
  readonly bytes: number;
  readonly signal: AbortSignal;
  readonly resolve: (result: UnitResult) => void;
  readonly reject: (thrown: unknown) => void;
}

const appended = counter(metricNames.appendedEvents, 'events appended to the log');
const duration = histogram(metricNames.appendDuration, 'time from call to commit of an append');

/**
 * Every append of this process goes through here, one statement at a time: the log's lock would
 * serialise them anyway. What arrives while a statement is in flight goes with the next one, so
 * that calls of many callers share a commit and nobody waits for a timer.
 */
export function createAppendQueue({ append, wake, clock }: AppendQueueDependencies): Append {
  const waiting: Waiting[] = [];
  let flushing = false;

  const flushAll = async () => {
    flushing = true;
    while (waiting.length > 0) await settle(takeBatch(waiting));
    flushing = false;
  };
  const settle = async (batch: readonly Waiting[]) => {
    if (batch.length === 0) return;
    let results: UnitResult[];
    try {
      results = await append(batch.map(({ unit }) => unit));
    } catch (thrown) {
      await settleFailure(batch, thrown);
      return;
    }
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result === undefined) reject(new TypeError('append answered fewer units than given'));
      else resolve(result);
    }
    if (results.some(grew)) wake();
  };
  // A statement that the server refused has stored nothing: units that shared it with the one at
  // fault are tried alone. After any other failure it may have been stored: that is for the callers,
  // whose request ids make the retry safe.
  const settleFailure = async (batch: readonly Waiting[], thrown: unknown) => {
    const storedNothing = isNovaError(thrown) && thrown.kind.status === 'INTERNAL';
    if (batch.length > 1 && storedNothing) {
      for (const one of batch) await settle([one]);
      return;
    }
    for (const { reject } of batch) reject(thrown);
    // Whoever waits would wait for the same silence once more, beyond its deadline.
    if (isNovaError(thrown, postgresErrors.POSTGRES_UNAVAILABLE)) {
      for (const { reject } of waiting.splice(0)) reject(thrown);
    }
  };

  return (unit, signal) => {
    const startedMs = clock.monotonicMs();
    const attributes = { [spanAttributes.events]: unit.events.length };
    return withSpan(spanNames.append, { kind: 'client', attributes }, async () => {
      const bytes = unit.events.reduce((sum, { payload }) => sum + payload.length, 0);
      const waitingBytes = waiting.reduce((sum, one) => sum + one.bytes, 0);
      if (waiting.length >= MAX_WAITING || waitingBytes + bytes > MAX_WAITING_BYTES) {
        throw new NovaError(errors.APPEND_QUEUE_FULL);
      }
      const result = await new Promise<UnitResult>((resolve, reject) => {
        waiting.push({ unit, bytes, signal, resolve, reject });
        if (!flushing) void flushAll();
      });
      measure(unit, result);
      duration.record((clock.monotonicMs() - startedMs) / 1000, { outcome: result.outcome });
      return result;
    });
  };
}

/** The next units in order, without those whose caller has gone; at least one of the others. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  let events = 0;
  let bytes = 0;
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    const size = next.unit.events.length;
    const isFull =
      batch.length >= MAX_UNITS || events + size > MAX_EVENTS || bytes + next.bytes > MAX_BYTES;
    if (batch.length > 0 && isFull) break;
    waiting.shift();
    if (next.signal.aborted) {
      next.reject(next.signal.reason);
      continue;
    }
    batch.push(next);
    events += size;
    bytes += next.bytes;
  }
  return batch;
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
