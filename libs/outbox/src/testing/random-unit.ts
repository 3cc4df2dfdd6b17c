import { randomUUID } from 'node:crypto';
import type { AppendUnit, Condition, NewEvent } from '../unit.ts';
import type { Journal } from './journal.ts';

const TYPES = ['item_created', 'item_renamed', 'item_moved', 'item_deleted'];
const AGGREGATES = 40;
const KEYS = 60;

/** Draws units such that callers often get into each other's way. */
export class UnitSource {
  readonly #random: () => number;
  readonly #journal: Journal;

  constructor(random: () => number, journal: Journal) {
    this.#random = random;
    this.#journal = journal;
  }

  /** A unit whose events carry the id of the attempt. */
  draw(attemptId: string): AppendUnit {
    const key = this.#chance(0.4) ? this.#below(KEYS) : undefined;
    const events = Array.from({ length: this.#below(5) }, () => this.#event(attemptId));
    return {
      ...(key === undefined
        ? {}
        : {
            key: {
              principal: 'spec',
              method: 'spec.Spec/Method',
              requestId: `request-${key}`,
              hash: Buffer.alloc(32, this.#chance(0.95) ? 1 : 2),
            },
            reply: Buffer.from(attemptId),
          }),
      conditions: this.#chance(0.6) ? [this.#condition(events)] : [],
      mode: this.#chance(0.7) ? 'atomic' : 'each',
      events,
    };
  }

  #event(attemptId: string): NewEvent {
    const known = this.#journal.stored[this.#below(this.#journal.stored.length)];
    const before = known?.unit.events[known.index];
    if (before !== undefined && this.#chance(0.1)) {
      const payload = this.#chance(0.3) ? Buffer.from('{"other":true}') : before.payload;
      return { ...before, payload, annotations: { causationId: attemptId } };
    }
    return {
      eventId: randomUUID(),
      eventIdGiven: this.#chance(0.5),
      eventType: TYPES[this.#below(TYPES.length)] ?? '',
      schemaVersion: 1,
      aggregateType: 'item',
      aggregateId: this.#aggregate(),
      payload: Buffer.from(`{"n":${this.#below(1000)}}`),
      source: '/nova/spec',
      annotations: { causationId: attemptId },
    };
  }

  #condition(events: readonly NewEvent[]): Condition {
    // Mostly about an aggregate that is appended to, as commands do.
    const own = events[this.#below(events.length)]?.aggregateId;
    const aggregateId = own !== undefined && this.#chance(0.8) ? own : this.#aggregate();
    const at = { aggregateType: 'item', aggregateId };
    const version = this.#journal.versionOf(aggregateId);
    const drawn = this.#random();
    if (drawn < 0.5) return { ...at, kind: 'version', version };
    if (drawn < 0.6) return { ...at, kind: 'absent' };
    if (drawn < 0.7) return { ...at, kind: 'exists' };
    if (drawn < 0.75) return { ...at, kind: 'any' };
    const eventTypes = TYPES.filter(() => this.#chance(0.5));
    return { ...at, kind: 'none_since', eventTypes, version };
  }

  #aggregate(): string {
    // Aggregates come into being all the time, so that "absent" may hold until the end.
    const era = Math.floor(this.#journal.attempts.length / 500);
    return `00000000-0000-4000-8000-${String(era * AGGREGATES + this.#below(AGGREGATES)).padStart(12, '0')}`;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}
