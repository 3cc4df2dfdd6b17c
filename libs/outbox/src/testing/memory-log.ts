import { derivedId, laneOf, type StoredEvent } from '@nova/events';
import type {
  AggregateRange,
  LogHead,
  LogRange,
  LogSource,
  LogWindow,
} from '../relay/log-source.ts';

/** A log in memory. Positions are dense, as in the real one. */
export class MemoryLog implements LogSource {
  readonly events: StoredEvent[] = [];
  readonly #versions = new Map<string, bigint>();
  readonly #sequences = new Map<string, bigint>();
  readonly #watchers = new Set<() => void>();
  /** While true, every read fails. */
  isGone = false;

  /** Appends one event and wakes who listens. */
  append(aggregateId: string, eventType = 'message_created'): StoredEvent {
    const version = (this.#versions.get(aggregateId) ?? 0n) + 1n;
    this.#versions.set(aggregateId, version);
    const name = `${aggregateId} ${eventType}`;
    const typeSequence = (this.#sequences.get(name) ?? 0n) + 1n;
    this.#sequences.set(name, typeSequence);
    const now = new Date().toISOString().replace('Z', '000Z');
    const event: StoredEvent = {
      position: { epoch: 'memory', position: BigInt(this.events.length + 1) },
      eventId: derivedId(`event ${this.events.length}`),
      eventType,
      schemaVersion: 1,
      aggregateType: 'conversation',
      aggregateId,
      aggregateVersion: version,
      typeSequence,
      previous: {},
      lane: laneOf(aggregateId),
      payload: Buffer.from(JSON.stringify({ version: String(version) })),
      source: '/nova/spec',
      occurredAt: now,
      storedAt: now,
      annotations: {},
    };
    this.events.push(event);
    for (const wake of this.#watchers) wake();
    return event;
  }

  /** Calls `wake` at every append until the returned function is called. */
  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }

  head(): Promise<LogHead> {
    if (this.isGone) return Promise.reject(new Error('planted: the database is gone'));
    return Promise.resolve({
      position: BigInt(this.events.length),
      epoch: 'memory',
      epochs: [{ epoch: 'memory', firstPosition: 1n }],
    });
  }

  read({ after, upto, lanes, rows }: LogRange): Promise<LogWindow> {
    if (this.isGone) return Promise.reject(new Error('planted: the database is gone'));
    const found = this.events
      .slice(Number(after), Number(upto))
      .filter(({ lane }) => lanes.includes(lane));
    const events = found.slice(0, rows);
    const last = events.at(-1);
    const scanned =
      events.length < found.length && last !== undefined ? last.position.position : upto;
    return Promise.resolve({ events, scanned, hasMore: scanned < upto });
  }

  ofAggregate(range: AggregateRange): Promise<readonly StoredEvent[]> {
    if (this.isGone) return Promise.reject(new Error('planted: the database is gone'));
    const found = this.events.filter(
      ({ aggregateType, aggregateId, aggregateVersion }) =>
        aggregateType === range.aggregateType &&
        aggregateId === range.aggregateId &&
        aggregateVersion >= range.fromVersion,
    );
    return Promise.resolve(found.slice(0, range.limit));
  }
}
