import { isNovaError } from '@nova/errors';
import type { StoredEvent } from '@nova/events';
import { counter, histogram, metricNames } from '@nova/telemetry';
import type { Clock } from '@nova/time';

/** What keeps the relay from publishing everything at once. */
export type Trouble = 'kafka' | 'database';

const published = counter(metricNames.eventsPublished, 'Events acknowledged by Kafka.');
const lag = histogram(
  metricNames.outboxPublishLag,
  'Time from the append of an event to its acknowledgement by Kafka.',
);
const failures = counter(metricNames.workerErrors, 'Failures of background work.');

const RATE_WINDOW_MS = 10_000;

/** Counts what the relay does, for metrics and status. */
export class RelayMeters {
  readonly #clock: Clock;
  readonly #troubles = new Map<Trouble, unknown>();
  #total = 0;
  #rateFrom: { readonly atMs: number; readonly total: number };
  #ratePerSecond = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#rateFrom = { atMs: clock.monotonicMs(), total: 0 };
  }

  /** Events of a lane were acknowledged. */
  published(events: readonly StoredEvent[]): void {
    const now = this.#clock.now().getTime();
    const counts = new Map<string, number>();
    let stored = { at: '', lagSeconds: 0 };
    for (const { eventType, storedAt } of events) {
      counts.set(eventType, (counts.get(eventType) ?? 0) + 1);
      // Events that were appended together have one time.
      if (storedAt !== stored.at) {
        // Two clocks are compared: below zero the difference is theirs, not the relay's.
        const lagSeconds = Math.max(0, now - Date.parse(storedAt)) / 1000;
        stored = { at: storedAt, lagSeconds };
      }
      lag.record(stored.lagSeconds);
    }
    for (const [eventType, count] of counts) published.add(count, { event_type: eventType });
    this.#total += events.length;
  }

  failed(thrown: unknown): void {
    failures.add(1, { error_type: isNovaError(thrown) ? thrown.code : 'unexpected' });
  }

  /** Notes trouble, with what was thrown where that is known; true when it is news. */
  trouble(kind: Trouble, thrown: unknown): boolean {
    const isNews = !this.#troubles.has(kind);
    this.#troubles.set(kind, thrown ?? this.#troubles.get(kind));
    return isNews;
  }

  /** Notes that a trouble is over; true when it is news. */
  over(kind: Trouble): boolean {
    return this.#troubles.delete(kind);
  }

  troubles(): ReadonlyMap<Trouble, unknown> {
    return this.#troubles;
  }

  total(): number {
    return this.#total;
  }

  /** Events per second over about the last 10 s. */
  ratePerSecond(): number {
    const now = this.#clock.monotonicMs();
    const elapsed = now - this.#rateFrom.atMs;
    if (elapsed >= RATE_WINDOW_MS / 2 || this.#ratePerSecond === 0) {
      this.#ratePerSecond =
        elapsed < 1 ? 0 : ((this.#total - this.#rateFrom.total) * 1000) / elapsed;
    }
    if (elapsed >= RATE_WINDOW_MS) this.#rateFrom = { atMs: now, total: this.#total };
    return this.#ratePerSecond;
  }
}
