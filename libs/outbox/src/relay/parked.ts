import type { StoredEvent } from '@nova/events';
import type { RefusedRecord } from './publisher.ts';

/** An aggregate that waits because Kafka does not take its next event. */
export interface ParkedAggregate {
  readonly lane: number;
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** The event that was refused: nothing of the aggregate from here on is published. */
  readonly position: bigint;
  readonly aggregateVersion: bigint;
  readonly eventId: string;
  readonly eventType: string;
  readonly errorCode: string;
  readonly reason: string;
  /** How often this event was refused. */
  readonly attempts: number;
}

/** The parked aggregates of a lane, as its holder knows them. */
export class ParkedOfLane {
  readonly #from = new Map<string, bigint>();

  constructor(parked: readonly ParkedAggregate[]) {
    for (const one of parked) this.set(one);
  }

  get size(): number {
    return this.#from.size;
  }

  /** Whether an event waits for one before it, or is the one that is waited for. */
  holds({ aggregateType, aggregateId, position }: StoredEvent): boolean {
    if (this.#from.size === 0) return false;
    const from = this.#from.get(keyOf({ aggregateType, aggregateId }));
    return from !== undefined && from <= position.position;
  }

  set(parked: ParkedAggregate): void {
    this.#from.set(keyOf(parked), parked.position);
  }

  /** Keeps the earliest event of an aggregate that is parked for several at once. */
  add(parked: ParkedAggregate): void {
    const from = this.#from.get(keyOf(parked));
    if (from === undefined || parked.position < from) this.set(parked);
  }

  delete(parked: Pick<ParkedAggregate, 'aggregateType' | 'aggregateId'>): void {
    this.#from.delete(keyOf(parked));
  }
}

/** An event that was refused, as its aggregate is parked for it. */
export function parkedFor(
  event: StoredEvent,
  { errorCode, reason }: RefusedRecord,
  attempts: number,
): ParkedAggregate {
  const { lane, aggregateType, aggregateId, aggregateVersion, eventId, eventType } = event;
  return {
    lane,
    aggregateType,
    aggregateId,
    position: event.position.position,
    aggregateVersion,
    eventId,
    eventType,
    errorCode,
    reason,
    attempts,
  };
}

function keyOf(parked: Pick<ParkedAggregate, 'aggregateType' | 'aggregateId'>): string {
  return `${parked.aggregateType}/${parked.aggregateId}`;
}
