import { isNovaError, messageOf } from '@nova/errors';
import { counter, histogram, metricNames } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import type { Delivery } from './delivery.ts';
import type { RoundResult } from './round.ts';

const processed = counter(metricNames.eventsProcessed, 'Events applied to views.');
const duration = histogram(
  metricNames.eventProcessingDuration,
  'Seconds that the transaction of a round took.',
);
const duplicates = counter(metricNames.duplicateEvents, 'Deliveries that were already applied.');
const failures = counter(metricNames.workerErrors, 'Failures of consumers and relays.');
const retries = counter(metricNames.retryAttempts, 'Attempts to apply an event that had failed.');
const deadLetters = counter(metricNames.deadLetters, 'Aggregates that were parked for good.');
const filled = counter(
  metricNames.filledEvents,
  'Events read from the log because they were late.',
);
const logReads = counter(metricNames.consumerLogReads, 'Reads from the log by a consumer.');
const foreign = counter(metricNames.foreignRecords, 'Records that nova did not write.');
const latency = histogram(
  metricNames.appendToEffect,
  'Seconds from storing an event to its being visible in a view.',
);

/** Troubles that keep events from being applied. */
const STANDSTILLS = ['bug', 'open', 'start', 'rounds', 'rewind'];

/** What a consumer read the log for. */
export type LogReadReason = 'fill' | 'retry' | 'refold' | 'catch_up' | 'tail_check';

/** Counts what a consumer does, for metrics and for its status. */
export class ConsumerMeters {
  appliedTotal = 0;
  duplicateTotal = 0;
  filledTotal = 0;
  foreignTotal = 0;
  staleTotal = 0;
  logReadTotal = 0;
  /** Monotonic time of the last record taken or event applied. */
  lastProgressMs: number;
  lastStoredAt: string | undefined;
  readonly #clock: Clock;
  readonly #group: string;
  readonly #troubles = new Map<string, string>();

  constructor(clock: Clock, group: string) {
    this.#clock = clock;
    this.#group = group;
    this.lastProgressMs = clock.monotonicMs();
  }

  progressed(): void {
    this.lastProgressMs = this.#clock.monotonicMs();
  }

  /** A round was committed. */
  committed(result: RoundResult, startedAtMs: number, isLive: boolean): void {
    this.progressed();
    const labels = { consumer_group: this.#group };
    duration.record((this.#clock.monotonicMs() - startedAtMs) / 1000, labels);
    this.#countApplied(result.applied, isLive);
    this.duplicates(result.duplicates.length);
    for (const { thrown, state } of result.failures) {
      this.failed(thrown);
      if (state === 'parked') deadLetters.add(1, labels);
    }
  }

  #countApplied(applied: readonly Delivery[], isLive: boolean): void {
    const now = this.#clock.now().getTime();
    const counts = new Map<string, number>();
    for (const { event } of applied) {
      counts.set(event.eventType, (counts.get(event.eventType) ?? 0) + 1);
      if (!isLive) continue;
      const seconds = Math.max(0, now - Date.parse(event.storedAt)) / 1000;
      latency.record(seconds, { consumer_group: this.#group });
    }
    for (const [type, count] of counts) {
      processed.add(count, { consumer_group: this.#group, event_type: type });
    }
    this.appliedTotal += applied.length;
    this.lastStoredAt = applied.at(-1)?.event.storedAt ?? this.lastStoredAt;
  }

  duplicates(count: number): void {
    this.duplicateTotal += count;
    if (count > 0) duplicates.add(count, { consumer_group: this.#group });
  }

  filled(count: number): void {
    this.filledTotal += count;
    if (count > 0) filled.add(count, { consumer_group: this.#group });
  }

  readLog(reason: LogReadReason): void {
    this.logReadTotal += 1;
    logReads.add(1, { consumer_group: this.#group, outcome: reason });
  }

  setAside(count: number): void {
    this.foreignTotal += count;
    if (count > 0) foreign.add(count, { consumer_group: this.#group, outcome: 'foreign' });
  }

  stale(count: number): void {
    this.staleTotal += count;
    if (count > 0) foreign.add(count, { consumer_group: this.#group, outcome: 'lost_epoch' });
  }

  retried(count: number): void {
    if (count > 0) retries.add(count, { consumer_group: this.#group });
  }

  failed(thrown: unknown): void {
    const type = isNovaError(thrown) ? thrown.code : 'unexpected';
    failures.add(1, { consumer_group: this.#group, error_type: type });
  }

  /** Notes trouble of a kind; true when it is news. */
  trouble(kind: string, thrown: unknown): boolean {
    const isNews = !this.#troubles.has(kind);
    this.#troubles.set(kind, messageOf(thrown));
    this.failed(thrown);
    return isNews;
  }

  /** Notes that a trouble is over; true when it is news. */
  over(kind: string): boolean {
    return this.#troubles.delete(kind);
  }

  /** What is wrong, while something is. */
  why(): string | undefined {
    const [first] = this.#troubles.values();
    return this.stands() ?? first;
  }

  /** Why nothing is applied, while nothing is; retries, effects and checks may wait apart. */
  stands(): string | undefined {
    for (const kind of STANDSTILLS) {
      const reason = this.#troubles.get(kind);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}
