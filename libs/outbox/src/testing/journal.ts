import type { Appended, AppendUnit, UnitResult } from '../unit.ts';

/** One try of a client to have a unit stored, and what it learned. */
export interface Attempt {
  /** Also the causation id of its events, by which they are found in the log. */
  readonly id: string;
  readonly unit: AppendUnit;
  /** Order of call starts and ends over all clients. */
  readonly startedAt: number;
  endedAt: number;
  /** Undefined: the client does not know. */
  result: UnitResult | undefined;
}

/** What all clients did, and what they know of the log from answers. */
export class Journal {
  readonly attempts: Attempt[] = [];
  readonly #heads = new Map<string, bigint>();
  readonly #events: { readonly unit: AppendUnit; readonly index: number }[] = [];
  #clock = 0;

  /** Notes that the units of one call are sent. */
  start(units: readonly { readonly id: string; readonly unit: AppendUnit }[]): Attempt[] {
    this.#clock += 1;
    const startedAt = this.#clock;
    const begun = units.map(({ id, unit }) => ({
      id,
      unit,
      startedAt,
      endedAt: Number.POSITIVE_INFINITY,
      result: undefined,
    }));
    this.attempts.push(...begun);
    return begun;
  }

  /** Notes the answer. */
  end(attempts: readonly Attempt[], results: readonly UnitResult[]): void {
    this.#clock += 1;
    attempts.forEach((attempt, number) => {
      attempt.endedAt = this.#clock;
      attempt.result = results[number];
      for (const event of appendedOf(attempt.result)) this.#learn(attempt.unit, event);
    });
  }

  /** The last version of an aggregate that some answer told. */
  versionOf(aggregateId: string): bigint {
    return this.#heads.get(aggregateId) ?? 0n;
  }

  /** Events that are known to be in the log. */
  get stored(): readonly { readonly unit: AppendUnit; readonly index: number }[] {
    return this.#events;
  }

  #learn(unit: AppendUnit, event: Appended): void {
    const known = this.#heads.get(event.aggregateId) ?? 0n;
    if (event.aggregateVersion > known) {
      this.#heads.set(event.aggregateId, event.aggregateVersion);
    }
    const given = unit.events[event.index];
    if (given?.eventId === event.eventId) this.#events.push({ unit, index: event.index });
  }
}

/** The events of a result that are in the log. */
export function appendedOf(result: UnitResult | undefined): Appended[] {
  if (result?.outcome !== 'stored') return [];
  return result.events.filter((event) => 'position' in event);
}
