import { expect } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import type { Appended, Condition } from '../unit.ts';
import { type Attempt, appendedOf } from './journal.ts';
import { holds, type ModelAggregate } from './log-model.ts';

/** The log is dense and in order, and every event says of its aggregate what was before it. */
export function expectSoundLog(events: readonly StoredEvent[]): void {
  const aggregates = new Map<string, ModelAggregate>();
  let storedAt = '';
  const expected = events.map((event, index) => {
    const name = `${event.aggregateType}/${event.aggregateId}`;
    const before = aggregates.get(name) ?? { version: 0n, last: {}, counts: {} };
    aggregates.set(name, before);
    const previous = { ...before.last };
    before.version += 1n;
    before.last[event.eventType] = before.version;
    before.counts[event.eventType] = (before.counts[event.eventType] ?? 0n) + 1n;
    storedAt = storedAt > event.storedAt ? storedAt : event.storedAt;
    return {
      ...event,
      position: { ...event.position, position: BigInt(index + 1) },
      aggregateVersion: before.version,
      typeSequence: before.counts[event.eventType],
      previous,
      storedAt,
    };
  });
  // Compared at once: thousands of expectations take seconds.
  expect(events).toEqual(expected);
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
}

/** The log, by whom it was written. */
export class WrittenLog {
  readonly #events: readonly StoredEvent[];
  readonly #byAttempt: ReadonlyMap<string, readonly StoredEvent[]>;

  constructor(events: readonly StoredEvent[]) {
    this.#events = events;
    this.#byAttempt = Map.groupBy(events, ({ annotations }) => annotations.causationId ?? '');
  }

  /** What an attempt stored. */
  of(attempt: Attempt): readonly StoredEvent[] {
    return this.#byAttempt.get(attempt.id) ?? [];
  }

  /** An aggregate as it was after the event at `position`. */
  aggregateAt(of: Condition, position: bigint): ModelAggregate | undefined {
    const last: Record<string, bigint> = {};
    let version = 0n;
    for (const event of this.#events.slice(0, Number(position))) {
      if (event.aggregateId !== of.aggregateId) continue;
      version = event.aggregateVersion;
      last[event.eventType] = version;
    }
    return version === 0n ? undefined : { version, last, counts: {} };
  }

  /** All that answers say is so in the log, and what was refused is not in it. */
  expectAnswersTrue(attempts: readonly Attempt[]): void {
    const told = attempts.flatMap((attempt) =>
      appendedOf(attempt.result).map((event) => ({ attempt, event })),
    );
    const found = told.map(({ event }) => this.#events[Number(event.position.position) - 1]);
    const essence = (event: Appended | StoredEvent | undefined) =>
      event && [
        event.position,
        event.eventId,
        event.aggregateId,
        event.aggregateVersion,
        event.typeSequence,
        event.storedAt,
      ];
    expect(told.map(({ event }) => essence(event))).toEqual(found.map(essence));
    const strangers = told.filter(({ attempt: { id, result }, event }, index) => {
      const isNew = result?.outcome === 'stored' && !result.replayed && !event.replayed;
      return isNew && found[index]?.annotations.causationId !== id;
    });
    expect(strangers).toEqual([]);
    const refused = attempts.filter(({ result }) => result?.outcome === 'refused');
    expect(refused.flatMap((attempt) => this.of(attempt))).toEqual([]);
  }

  /** A unit is stored side by side and, in mode atomic, whole or not at all. */
  expectUnitsWhole(attempts: readonly Attempt[]): void {
    for (const attempt of attempts) {
      const stored = this.of(attempt);
      const [first] = stored;
      if (first === undefined) continue;
      stored.forEach((event, index) => {
        expect(event.position.position).toBe(first.position.position + BigInt(index));
      });
      if (attempt.unit.mode === 'each') continue;
      for (const { eventId } of attempt.unit.events) {
        // In the log, from this attempt or from before.
        const found = this.#events.find((event) => event.eventId === eventId);
        expect(found !== undefined && found.position.position <= last(stored)).toBe(true);
      }
    }
  }

  /** Conditions of what was stored held in the log as it was before. */
  expectConditionsHeld(attempts: readonly Attempt[]): void {
    for (const attempt of attempts) {
      const stored = this.of(attempt);
      const [first] = stored;
      if (first === undefined) continue;
      const { conditions, events } = attempt.unit;
      for (const condition of conditions) {
        const isTouched = events.some(({ aggregateId }) => aggregateId === condition.aggregateId);
        const hasNew = stored.some(({ aggregateId }) => aggregateId === condition.aggregateId);
        if (isTouched && !hasNew) continue;
        const before = this.aggregateAt(condition, first.position.position - 1n);
        expect({ condition, holds: holds(condition, before) }).toEqual({ condition, holds: true });
      }
    }
  }

  /** A failed condition failed at some time between call and answer, at the version it tells. */
  expectRefusalsJust(attempts: readonly Attempt[]): number {
    let checked = 0;
    for (const attempt of attempts) {
      const results = attempt.result?.outcome === 'refused' ? attempt.result.refusals : [];
      for (const refusal of results) {
        const condition = attempt.unit.conditions[refusal.condition ?? -1];
        if (condition === undefined) continue;
        const [from, to] = this.#range(attempt, attempts);
        const changes = this.#events
          .slice(Number(from), Number(to))
          .filter(({ aggregateId }) => aggregateId === condition.aggregateId)
          .map(({ position }) => position.position);
        const isJust = [from, ...changes].some((position) => {
          const aggregate = this.aggregateAt(condition, position);
          const version = aggregate?.version ?? 0n;
          return version === refusal.currentVersion && !holds(condition, aggregate);
        });
        expect({ refusal, from, to, isJust }).toEqual({ refusal, from, to, isJust: true });
        checked += 1;
      }
    }
    return checked;
  }

  /** The request of one key is stored once, and all who were answered got the same answer. */
  expectKeysOnce(attempts: readonly Attempt[]): void {
    const keyed = attempts.filter(({ unit }) => unit.key !== undefined);
    for (const group of Map.groupBy(keyed, ({ unit }) => unit.key?.requestId).values()) {
      expect(group.filter((attempt) => this.of(attempt).length > 0).length).toBeLessThanOrEqual(1);
      const answers = group.flatMap(({ result }) =>
        result?.outcome === 'stored' && isFinal(result.events) ? [result] : [],
      );
      const told = answers.map(({ events, reply }) => ({
        reply: Buffer.from(reply ?? []).toString(),
        events: events.map((event) => ('position' in event ? event.position.position : event)),
      }));
      for (const one of told) expect(one).toEqual(told[0]);
      expect(answers.filter(({ replayed }) => !replayed).length).toBeLessThanOrEqual(1);
    }
  }

  /** Heads of the log between which an attempt was judged. */
  #range(attempt: Attempt, attempts: readonly Attempt[]): readonly [bigint, bigint] {
    const stored = (other: Attempt) => this.of(other).map(({ position }) => position.position);
    const before = attempts.filter(({ endedAt }) => endedAt < attempt.startedAt).flatMap(stored);
    const after = attempts.filter(({ startedAt }) => startedAt > attempt.endedAt).flatMap(stored);
    const from = before.sort(ascending).at(-1) ?? 0n;
    const next = after.sort(ascending)[0];
    const to = next === undefined ? BigInt(this.#events.length) : next - 1n;
    return [from, to];
  }
}

/** A unit whose events were all refused is not kept: it may be decided again. */
function isFinal(events: readonly object[]): boolean {
  return events.length === 0 || events.some((event) => 'position' in event);
}

function ascending(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other);
}

function last(events: readonly StoredEvent[]): bigint {
  return events.at(-1)?.position.position ?? 0n;
}
